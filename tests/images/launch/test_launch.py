"""Create servers from an image: rule, service, page."""

import re
import subprocess
import uuid
from dataclasses import replace

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse
from passlib.hash import sha512_crypt

from images.change_os.rules import can_become
from images.launch.disk.rules import can_create_disk_from
from images.launch.install.rules import can_install
from images.launch.rules import Launch, can_create_servers, can_launch
from images.launch.services import create_servers
from imsconsole.accounts.models import Draft
from imsconsole.audit.models import Event
from imsconsole.cloud.engines import engine_for
from imsconsole.cloud.hosts import Host
from imsconsole.cloud.models import BytesUse, Disk, Server
from imsconsole.cloud.servers.jobs import CreateServer
from imsconsole.cloud.servers.passwords import crypted, is_good_password
from imsconsole.cloud.servers.services import delete_server, start_server, stop_server
from imsconsole.core.errors import NotFound
from imsconsole.core.project_urls import bare
from imsconsole.core.rules import Refused
from imsconsole.engine.types import Capabilities, Unwatched
from imsconsole.jobs.models import Job
from imsconsole.jobs.services import cancel_job, retry_job
from tests.cloud.backups.conftest import no_qemu  # noqa: F401
from tests.cloud.conftest import _short_stop, engine  # noqa: F401
from tests.cloud.servers.machines import (
    REGION,
    arm_flavor,
    bootable_image,
    files_of,
    order,
    running_server,
    tiny_flavor,
)
from tests.conftest import client_of
from tests.engine.guests import wait_for
from tests.factories import (
    BackupFactory,
    FlavorFactory,
    ImageDiskFactory,
    ImageFactory,
    KeyFactory,
    KeyPairFactory,
    OsVersionFactory,
    ProjectFactory,
    PublicImageFactory,
    RegionFactory,
    ServerFactory,
    ZoneFactory,
)
from tests.support.clients import at
from tests.support.workers import kill_at_every_step, run_jobs

HOST = Host(
    Capabilities(
        architectures=frozenset({"x86"}),
        boot_modes=frozenset({"bios"}),
        accelerator="tcg",
        seeds=frozenset({"nocloud"}),
        memory_mb=4096,
    ),
    4096,
)
CREATE = reverse("servers-create")


def _launch(actor, **changes) -> Launch:
    image = changes.pop("image", None) or ImageFactory(project=actor.project)
    plain = {
        "flavor": FlavorFactory(),
        "zone": actor.region.zones.first(),
        "name": "web",
        "system_disk_gb": 1,
        "user_data": "#!",
    }
    return Launch(**{"image": image, **plain, **changes})


# ── the rule ────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({}, ""),  # R4
        ({"type": "data"}, "data-image"),  # R5
        ({"type": "iso"}, "iso-image"),  # R7, R66
        ({"status": "saving"}, "not-active"),
        ({"status": "killed"}, "not-active"),
        ({"status": "frozen"}, "not-active"),
    ],
)
def test_only_normal_system_images_create_servers(people, fields, code) -> None:
    image = ImageFactory(project=people.bob.project, **fields)
    assert can_launch(image, people.bob).code == code
    assert can_launch(image, people.dave).code == "read-only"


def test_a_hidden_public_image_creates_nothing_new_but_its_servers_are_reinstalled(people) -> None:
    """Also by its ID, which who saw it before still knows."""
    rules = {"system": can_launch, "full": can_launch, "data": can_create_disk_from, "iso": can_install}
    for type, rule in rules.items():
        image = PublicImageFactory(region=people.bob.region, hidden=True, type=type)
        assert rule(image, people.bob).code == "image-hidden"
    image = PublicImageFactory(region=people.bob.region, hidden=True)
    here, other = (ServerFactory(project=people.bob.project, image=each) for each in (image, ImageFactory()))
    assert can_become(here, image, people.bob, HOST).code != "image-hidden"
    assert can_become(other, image, people.bob, HOST).code == "image-hidden"
    with pytest.raises(Refused, match="image-hidden"):
        create_servers(image=image, flavor=FlavorFactory(), name="web", user_data="#!", actor=people.bob)


def test_an_image_of_another_region_creates_no_server_here(people) -> None:
    """R10, R22."""
    elsewhere = ProjectFactory(account=people.bob.account, region=RegionFactory(code="cn-east-3"))
    assert can_launch(ImageFactory(project=elsewhere), people.bob).code == "other-region"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, ""),
        ({"system_disk_gb": 0}, "system-disk-size"),
        ({"data_disks_gb": (1,) * 8}, ""),
        ({"data_disks_gb": (1,) * 9}, "data-disk-count"),
        ({"data_disks_gb": (2049,)}, "data-disk-size"),  # C5
        ({"count": 101}, "server-count"),
        ({"count": 0}, "server-count"),
        ({"user_data": ""}, "login-missing"),  # R139
        ({"user_data": "x" * (32 * 1024 + 1)}, "user-data-size"),
        ({"count": 17}, "no-guest-memory"),  # 17 × 256 MB
    ],
)
def test_the_whole_order_is_asked_for_before_the_first(people, changes, code) -> None:
    assert can_create_servers(_launch(people.bob, **changes), people.bob, HOST).code == code


def test_a_key_pair_and_a_password_exclude_each_other(people) -> None:
    """R139."""
    pair = KeyPairFactory(project=people.bob.project)
    both = _launch(people.bob, key_pair=pair, password_hash="$6$x")
    assert can_create_servers(both, people.bob, HOST).code == "login-both"
    other = _launch(people.bob, key_pair=KeyPairFactory(project=people.carol.project), image=both.image)
    assert can_create_servers(other, people.bob, HOST).code == "other-project"


def test_a_zone_of_another_region_is_refused(people) -> None:
    zone = ZoneFactory(region=RegionFactory(code="cn-east-3"))
    assert can_create_servers(_launch(people.bob, zone=zone), people.bob, HOST).code == "other-region"


@pytest.mark.parametrize("resource", ["servers", "vcpus", "memory_mb", "disks", "disk_gb"])
def test_each_quota_is_asked_for_all_servers_together(people, resource) -> None:
    project = people.bob.project
    launch = _launch(people.bob, count=2, data_disks_gb=(3,))
    assert launch.quota == {"servers": 2, "vcpus": 2, "memory_mb": 512, "disks": 4, "disk_gb": 8}
    project.quotas = {resource: launch.quota[resource] - 1}
    project.save()
    assert can_create_servers(launch, people.bob, HOST).code == f"quota-{resource.replace('_', '-')}"


def test_flavor_and_zone_must_fit_the_image(people) -> None:
    """R96, R99."""
    arm = FlavorFactory(name="arm-1", architecture="arm")
    assert can_create_servers(_launch(people.bob, flavor=arm), people.bob, HOST).code == "fit-architecture"
    backup = BackupFactory(project=people.bob.project, status="creating")
    image = ImageFactory(project=people.bob.project, type="full", backup=backup)
    for zone, code in ((backup.zone, ""), (ZoneFactory(region=people.bob.region, code="b"), "only-in-zone")):
        launch = _launch(people.bob, image=image, zone=zone)
        assert can_create_servers(launch, people.bob, HOST).code == code


def test_where_guests_are_told_nothing_one_signs_in_as_the_image_has_it(people) -> None:
    mute = replace(HOST, capabilities=replace(HOST.capabilities, seeds=frozenset()))
    assert can_create_servers(_launch(people.bob, user_data=""), people.bob, mute)
    pair = KeyPairFactory(project=people.bob.project)
    for login in ({}, {"user_data": "", "key_pair": pair}, {"user_data": "", "password_hash": "$6$x"}):
        assert can_create_servers(_launch(people.bob, **login), people.bob, mute).code == "no-seeds"


def test_without_qemu_servers_may_be_made_but_ask_for_no_memory(people) -> None:
    without = Host(Capabilities(missing=("qemu-system-x86",), seeds=frozenset({"nocloud"})), 0)
    assert can_create_servers(_launch(people.bob), people.bob, without)


@pytest.mark.parametrize(
    ("password", "good"),
    [
        ("Abcdef12", True),
        ("abc-def-12", True),
        ("Abcde12", False),  # 7 characters
        ("A1" + "b" * 25, False),  # 27 characters
        ("abcdefgh", False),  # one kind
        ("abcdefg1", False),  # two kinds
        ("Abc def12", False),  # a space
        ("Root-1234x", False),  # the user's name
        ("toor-1234X", False),  # its reverse
    ],
)
def test_passwords_follow_the_service(password, good) -> None:
    """R140."""
    assert bool(is_good_password(password)) is good


def test_windows_passwords_hold_no_part_of_the_users_name() -> None:
    """R140: no more than two consecutive characters of it."""
    assert is_good_password("Admission-1", windows=False)
    assert not is_good_password("Admission-1", windows=True)


def test_the_hash_is_one_that_guests_understand() -> None:
    assert sha512_crypt.verify("Abcdef-12", crypted("Abcdef-12"))
    assert crypted("Abcdef-12").startswith("$6$")


# ── the service ─────────────────────────────────────────────────────────────
def test_servers_get_names_addresses_and_macs_of_their_own(people, engine) -> None:  # noqa: F811
    servers = order(people.bob, count=3, data_disks_gb=(1, 2), name="网-web")
    assert [server.name for server in servers] == ["网-web-1", "网-web-2", "网-web-3"]
    assert [server.host_name for server in servers] == ["web-1", "web-2", "web-3"]
    assert [server.private_ip for server in servers] == ["192.168.0.2", "192.168.0.3", "192.168.0.4"]
    assert len({server.mac for server in servers}) == 3
    assert all(server.mac.startswith("fa:16:3e:") for server in servers)
    sizes = list(servers[0].disks.values_list("index", "role", "size_gb"))
    assert sizes == [(0, "system", 1), (1, "data", 1), (2, "data", 2)]
    assert Job.objects.filter(kind="server.create").count() == 3
    assert Event.objects.filter(action="createServer").count() == 3


@pytest.mark.parametrize(("architecture", "boot_mode"), [("x86", "bios"), ("x86", "uefi"), ("arm", "uefi")])
def test_a_server_boots_as_its_image_does(people, engine, architecture, boot_mode) -> None:  # noqa: F811
    """R13, R100: another boot mode is not there to be chosen."""
    image = ImageFactory(project=people.bob.project, architecture=architecture, boot_mode=boot_mode)
    ImageDiskFactory(image=image)
    flavor = arm_flavor() if architecture == "arm" else tiny_flavor()
    (server,) = order(people.bob, image, flavor=flavor)
    assert (server.architecture, server.boot_mode) == (architecture, boot_mode)


def test_each_disk_and_the_job_know_what_the_disk_is_made_of(people, engine) -> None:  # noqa: F811
    """R90, R95."""
    pair = KeyPairFactory(project=people.bob.project)
    first, second, third = KeyFactory.create_batch(3, project=people.bob.project)
    full = ImageFactory(project=people.bob.project, type="full", key=first)
    payload = ImageFactory(project=people.bob.project, type="data", key=third)
    system = ImageDiskFactory(image=full)
    data = ImageDiskFactory(image=full, index=2, role="data", key=second)
    filled = ImageDiskFactory(image=payload)
    login = {"user_data": "", "key_pair": pair}
    wanted = {"data_disks_gb": (1, 1), "data_images": (None, payload), **login}
    (server,) = order(people.bob, full, **wanted)
    assert (server.key_pair, server.ssh_key) == (pair, pair.public_key)
    disks = list(server.disks.order_by("name"))
    assert [(disk.name, disk.index, disk.key) for disk in disks] == [
        ("web-data-1", 2, second), ("web-data-2", 1, third), ("web-system", 0, first),
    ]  # fmt: skip
    args = Job.objects.get().args
    refs = {str(disks[0].pk): data.ref, str(disks[1].pk): filled.ref}
    assert (args["image_ref"], args["disk_refs"]) == (system.ref, refs)
    held = BytesUse.objects.values_list("stored", flat=True)
    assert set(held) == {disk.stored_id for disk in (system, data, filled)}
    pair.delete()
    with pytest.raises(NotFound) as gone:
        order(people.bob, full, **wanted)
    assert (gone.value.code, gone.value.values["name"]) == ("key-pair-gone", pair.name)


def test_all_or_none_of_an_order_is_made(people, engine) -> None:  # noqa: F811
    people.bob.project.quotas = {"servers": 2}
    people.bob.project.save()
    with pytest.raises(Refused, match="quota-servers"):
        order(people.bob, count=3)
    with pytest.raises(ValidationError):
        order(people.bob, name="no spaces")
    assert not Server.objects.exists()
    assert not Job.objects.exists()


def test_an_image_of_somebody_else_does_not_exist(people) -> None:
    """R11."""
    image = ImageFactory(project=people.bob.project)
    with pytest.raises(NotFound):
        order(people.carol, image)


def test_the_same_addresses_are_given_in_every_project(people, engine) -> None:  # noqa: F811
    (ours,), (theirs,) = order(people.bob), order(people.carol)
    assert ours.private_ip == theirs.private_ip
    assert ours.mac != theirs.mac


@pytest.mark.guest
def test_a_server_runs_from_the_image_with_its_disks(people, engine) -> None:  # noqa: F811
    server = running_server(people.bob, data_disks_gb=(1,))
    wait_for(engine, server.ref, "TINY GUEST")
    assert server.ssh_port
    assert set(server.disks.values_list("status", flat=True)) == {"in-use"}
    usage = server.usage.get()
    assert (usage.state, usage.disk_gb, usage.ended_at) == ("running", 2, None)


@pytest.mark.guest
def test_servers_outlive_the_image_they_came_from(people, engine) -> None:  # noqa: F811
    server = running_server(people.bob)
    wait_for(engine, server.ref, "TINY GUEST")
    engine.delete(server.image.disks.get().ref, work=Unwatched())
    stop_server(server, actor=people.bob)
    run_jobs()
    start_server(server, actor=people.bob)
    run_jobs()
    wait_for(engine, server.ref, "TINY GUEST", times=2)


@pytest.mark.slow(reason="a server is made that fails behind its disks")
def test_a_failed_creation_is_told_at_its_server_and_leaves_no_files(people, engine) -> None:  # noqa: F811
    image = bootable_image(people.bob)
    good, bad = order(people.bob, image, count=2, data_disks_gb=(1,))
    Job.objects.about(bad.pk).update(args={"image_ref": f"{uuid.uuid4()}.qcow2"})
    run_jobs()
    good.refresh_from_db()
    bad.refresh_from_db()
    assert (good.status, bad.status, bad.status_code) == ("running", "failed", "image-bytes-gone")
    assert image.name in bad.status_sentence
    assert files_of(bad) == []
    assert not bad.usage.exists()
    delete_server(bad, delete_disks=True, actor=people.bob)
    run_jobs()
    assert list(Server.objects.existing()) == [good]


def test_without_qemu_a_server_is_made_and_says_which_package_is_missing(people, engine, monkeypatch) -> None:  # noqa: F811
    (server,) = order(people.bob)
    missing = Capabilities(missing=("qemu-system-x86",), seeds=frozenset({"nocloud"}))
    monkeypatch.setattr(type(engine), "capabilities", lambda self: missing)
    run_jobs()
    server.refresh_from_db()
    assert server.status == "stopped"
    assert "qemu-system-x86" in server.status_sentence
    assert server.ref in engine.inventory().servers


@pytest.mark.slow(reason="20 jobs and qemu-img runs")
def test_20_servers_in_one_go_add_less_than_20_mb(people, engine, no_qemu) -> None:  # noqa: F811
    image = bootable_image(people.bob)
    root = engine._store.root
    before = _bytes_in(root)
    order(people.bob, image, count=20)
    run_jobs()
    assert Server.objects.filter(status="stopped").count() == 20
    assert _bytes_in(root) - before < 20 * 1024**2


def _bytes_in(folder) -> int:
    """What a folder takes on the disk; hard links count once."""
    return int(subprocess.check_output(["du", "-s", "--block-size=1", folder]).split()[0])


@pytest.mark.slow(reason="a new worker dies at every point")
@pytest.mark.guest
@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("on_each_engine")
def test_a_creation_survives_every_death_of_its_worker(people, engine) -> None:  # noqa: F811
    image = bootable_image(people.bob)

    def start() -> Job:
        (server,) = order(people.bob, image, data_disks_gb=(1,))
        return Job.objects.about(server.pk).get()

    def check(job: Job) -> None:
        server = Server.objects.get(pk=job.subject_id)
        if job.state == Job.State.DONE:
            assert server.status == "running"
            assert server.usage.filter(ended_at=None).count() == 1
            assert len(files_of(server)) == 3
        else:
            assert server.status == "failed"
            assert files_of(server) == []
        assert not engine.inventory().scraps

    def clear(job: Job) -> None:
        server = Server.objects.get(pk=job.subject_id)
        if server.ref:
            engine.delete_server(server.ref, work=Unwatched())
            engine.delete_disk(server.disks.get(role="data").ref, work=Unwatched())
        Server.objects.filter(pk=server.pk).update(status="failed")  # its memory is free again

    points = kill_at_every_step(CreateServer, start, check, clear)
    assert {point.split(":")[1] for point in points} >= {"disks", "machine", "start"}


# ── the page ────────────────────────────────────────────────────────────────
def _typed(chosen, **changes) -> dict[str, str]:
    plain = {
        "action": "confirm",
        "image": str(chosen.pk),
        "flavor": tiny_flavor().pk,
        "zone": f"{REGION}a",
        "system_disk_gb": "1",
        "data_disks": "0",
        "name": "web",
        "count": "1",
        "login": "password",
        "password": "Secret-1x",
        "password_again": "Secret-1x",
    }
    return {**plain, **changes}


@pytest.mark.slow(reason="a wizard of several pages leads to servers")
def test_the_journey_from_choosing_to_the_jobs(people, engine) -> None:  # noqa: F811
    image = bootable_image(people.bob)
    client = client_of(people.bob)
    assert image.name in client.get(f"{CREATE}?image={image.pk}").content.decode()
    typed = _typed(image, count="2", data_disks="1", data_disk_1="3", auto_start="on")
    confirm = client.post(CREATE, typed)["Location"]
    page = client.get(confirm).content.decode()
    for word in (image.name, "web-1 … web-2", "3 GB"):
        assert word in page
    assert bare(client.post(confirm)["Location"]) == reverse("servers:list")
    servers = Server.objects.order_by("name")
    assert [server.name for server in servers] == ["web-1", "web-2"]
    assert all(server.auto_start and server.created_by == people.bob.user for server in servers)
    assert sha512_crypt.verify("Secret-1x", servers[0].password_hash)
    assert Disk.objects.get(server=servers[0], index=1).size_gb == 3
    assert bare(client.post(confirm)["Location"]) == reverse("servers:list")  # a draft serves once
    assert bare(client.get(confirm)["Location"]) == reverse("servers:list")
    assert Server.objects.count() == 2


def test_a_password_is_kept_nowhere_but_as_its_hash(people) -> None:
    image = ImageFactory(project=people.bob.project)
    answer = client_of(people.bob).post(CREATE, _typed(image))
    assert answer.status_code == 302
    assert "Secret-1x" not in str(Draft.objects.values().get())
    assert (
        "Secret-1x"
        not in client_of(people.bob).get(f"{CREATE}?draft={Draft.objects.get().pk}").content.decode()
    )


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": "no spaces"}, "name"),
        ({"count": "101"}, "count"),
        ({"system_disk_gb": "0"}, "system_disk_gb"),
        ({"system_disk_gb": "2000"}, "system_disk_gb"),
        ({"data_disks": "9"}, "data_disks"),
        ({"data_disks": "1", "data_disk_1": "4000"}, "data_disk_1"),
        ({"data_disks": "1"}, "data_disk_1"),
        ({"password": "weak", "password_again": "weak"}, "password"),
        ({"password_again": "other"}, "password_again"),
        ({"login": "key"}, "key_pair"),
        ({"login": "none"}, "user_data"),
        ({"user_data": "ü" * 17000}, "user_data"),
        ({"flavor": "nonsense"}, "flavor"),
        ({"image": "nonsense"}, "image"),
        ({"image": ""}, "image"),  # R1
        ({"zone": "nonsense"}, "zone"),
    ],
)
def test_what_is_typed_wrong_is_said_at_its_field(people, changes, field) -> None:
    image = ImageFactory(project=people.bob.project)
    page = client_of(people.bob).post(CREATE, _typed(image, **changes))
    assert page.status_code == 422
    assert field in page.context["form"].errors
    assert f'href="#id_{field}"' in page.content.decode()
    assert page.content.decode().count(f'id="id_{field}"') == 1
    assert not Draft.objects.exists()


def test_two_equal_passwords_that_are_too_weak_do_not_differ(people) -> None:
    typed = _typed(ImageFactory(project=people.bob.project), password="weak", password_again="weak")
    assert client_of(people.bob).post(CREATE, typed).context["form"].errors.keys() == {"password"}


def test_flavors_that_do_not_fit_are_shown_with_the_reason_and_cannot_be_chosen(people) -> None:
    FlavorFactory(name="kc1-large", series="kc1", architecture="arm")
    FlavorFactory(name="p2-gpu", series="p2", device="gpu")
    image = ImageFactory(project=people.bob.project, os_version=OsVersionFactory(bits=32))
    page = client_of(people.bob).get(f"{CREATE}?image={image.pk}")
    refused = {choice.thing.pk: choice.verdict.code for choice in page.context["flavors"]}
    assert refused == {"kc1-large": "fit-architecture", "p2-gpu": "host-device"}
    assert "The image is made for x86" in page.content.decode()
    answer = client_of(people.bob).post(CREATE, _typed(image, flavor="p2-gpu"))
    assert answer.context["form"].errors.as_data()["flavor"][0].code == "host-device"


def test_choosing_another_image_draws_the_choices_again(people) -> None:
    """With htmx only the fragment comes; without, `Apply the choice` draws the whole page."""
    first = ImageFactory(project=people.bob.project)
    second = ImageFactory(project=people.bob.project, min_disk_gb=7, min_ram_mb=512)
    FlavorFactory(name="big", memory_mb=512)
    small = tiny_flavor()
    client = client_of(people.bob)
    typed = _typed(
        first, action="refresh", image=str(second.pk), flavor=small.pk, data_disks="2", data_disk_1="5"
    )
    fragment = client.post(CREATE, typed, headers={"HX-Request": "true"})
    assert fragment.status_code == 200
    assert b"<html" not in fragment.content
    form = fragment.context["form"]
    assert (form["system_disk_gb"].value(), form["flavor"].value()) == (7, "big")
    assert [field.value() for field in form.data_disk_fields()] == ["5", 10]
    whole = client.post(CREATE, typed)
    assert b"<html" in whole.content
    assert "Secret-1x" not in whole.content.decode()


def test_images_that_cannot_be_launched_are_shown_with_the_reason(people) -> None:
    ImageFactory(project=people.bob.project, type="iso", name="installer")
    PublicImageFactory(name="clean")
    page = client_of(people.bob).get(f"{CREATE}?tab=private")
    (choice,) = page.context["form"]["image"].picks[1:]
    assert (choice.thing.name, choice.verdict.code) == ("installer", "iso-image")
    page = client_of(people.bob).get(CREATE)
    assert [choice.thing.name for choice in page.context["form"]["image"].picks] == ["clean"]


def test_who_only_reads_sees_why_nothing_can_be_created(people) -> None:
    image = ImageFactory(project=people.dave.project)
    client = client_of(people.dave)
    assert "read-only" in client.get(CREATE).content.decode()
    assert client.post(CREATE, _typed(image)).status_code == 422
    assert not Draft.objects.exists()


def test_drafts_are_their_authors_alone(people) -> None:
    image = ImageFactory(project=people.bob.project)
    confirm = client_of(people.bob).post(CREATE, _typed(image))["Location"]
    assert client_of(people.alice).get(confirm).status_code == 404
    assert client_of(people.carol).post(confirm).status_code == 404
    assert client_of(None).get(confirm).status_code == 302
    assert client_of(people.bob).get(confirm).status_code == 200


def test_what_became_impossible_meanwhile_is_said_before_and_refused(people) -> None:
    image = ImageFactory(project=people.bob.project)
    ImageDiskFactory(image=image)
    client = client_of(people.bob)
    confirm = client.post(CREATE, _typed(image))["Location"]
    people.bob.project.quotas = {"servers": 0}
    people.bob.project.save()
    assert "quota" in client.get(confirm).content.decode()
    assert client.post(confirm).status_code == 409
    assert Draft.objects.exists()
    image.status = "deleted"
    image.save()
    assert client.get(confirm).status_code == 302


def test_an_order_of_somebody_elses_image_finds_nothing(people) -> None:
    image = ImageFactory(project=people.carol.project)
    page = client_of(people.bob).post(CREATE, _typed(image))
    assert page.status_code == 422
    assert image.name not in page.content.decode()
    with pytest.raises(NotFound):
        create_servers(actor=people.bob, image=image, flavor=tiny_flavor(), name="x", user_data="#!")
    assert engine_for(REGION).inventory().servers == frozenset()


@pytest.mark.guest
def test_a_failed_creation_can_be_retried(people, engine) -> None:  # noqa: F811
    (server,) = order(people.bob, data_disks_gb=(1,))
    job = Job.objects.get()
    whole = dict(job.args)
    Job.objects.update(args={"image_ref": f"{uuid.uuid4()}.qcow2"})
    run_jobs()
    Job.objects.update(args=whole)
    retry_job(job, actor=people.bob)
    server.refresh_from_db()
    assert server.status == "creating"
    run_jobs()
    server.refresh_from_db()
    assert (server.status, server.status_sentence) == ("running", "")
    assert set(server.disks.values_list("status", flat=True)) == {"in-use"}


def test_a_creation_that_is_cancelled_says_so_at_its_server(people, engine) -> None:  # noqa: F811
    (server,) = order(people.bob)
    cancel_job(Job.objects.get(), actor=people.bob)
    run_jobs()
    server.refresh_from_db()
    assert (server.status, server.status_code) == ("failed", "cancelled")
    assert files_of(server) == []


@pytest.mark.slow(reason="a wizard is drawn for each person in two regions")
def test_an_image_of_another_region_leads_to_its_copy_where_one_may(people) -> None:
    """R10, R22: the reason, and one button that changes the project and begins the copy."""
    region = RegionFactory(code="cn-east-3")
    far = ProjectFactory(account=people.bob.account, region=region, name="far")
    image = ImageFactory(project=far, name="web-far")
    ImageDiskFactory(image=image)
    client, url = client_of(people.bob), f"{CREATE}?image={image.pk}"
    page = client.get(url).content.decode()
    assert "The image is in another region" in page
    copy = at(far, reverse("images:copy", args=[image.pk]))
    assert client.get(copy).status_code == 200
    assert f'href="{copy}"' in re.search(r'id="elsewhere">.*?</div>', page, re.DOTALL)[0]
    page = client_of(people.dave).get(url).content.decode()
    box = re.search(r'id="elsewhere">.*?</div>', page, re.DOTALL)[0]
    assert copy not in box
    assert "read-only" in box
    assert "web-far" not in client_of(people.carol).get(url).content.decode()
