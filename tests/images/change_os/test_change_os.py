"""Change OS: rule, service, page."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from passlib.hash import sha512_crypt

from images.change_os.rules import OsChange, can_become, can_order_change, can_order_reinstall
from images.change_os.services import change_os
from images.models import Image
from imsconsole.accounts.models import Draft
from imsconsole.audit.models import Event
from imsconsole.cloud.hosts import Host
from imsconsole.cloud.models import Disk, Server
from imsconsole.cloud.servers.reconcile import reconcile_all, reconcile_server
from imsconsole.cloud.servers.rules import can_start
from imsconsole.cloud.servers.services import delete_server, start_server, stop_server
from imsconsole.cloud.system_disk.jobs import ChangeOs
from imsconsole.cloud.system_disk.rules import can_change_os, can_reinstall_os
from imsconsole.cloud.system_disk.services import undo_change_os
from imsconsole.cloud.system_disk.swap import login_of, swap_system_disk
from imsconsole.core import now as clock
from imsconsole.core.errors import Conflict, NotFound, Unavailable
from imsconsole.core.project_urls import bare
from imsconsole.core.rules import Refused
from imsconsole.engine.local.machines import Machines
from imsconsole.engine.types import Capabilities, Unwatched
from imsconsole.jobs.models import Job
from imsconsole.jobs.quotas import used_by
from imsconsole.jobs.services import cancel_job, retry_job
from imsconsole.notifications.models import Message
from tests.cloud.conftest import _short_stop, engine  # noqa: F401
from tests.cloud.servers.machines import bootable_image, files_of, order, running_server
from tests.conftest import client_of
from tests.engine.guests import wait_for
from tests.factories import (
    DiskFactory,
    ImageDiskFactory,
    ImageFactory,
    KeyFactory,
    KeyPairFactory,
    ProjectFactory,
    PublicImageFactory,
    RegionFactory,
    ServerFactory,
)
from tests.support.workers import run_jobs

HOST = Host(
    Capabilities(
        architectures=frozenset({"x86"}),
        boot_modes=frozenset({"bios", "uefi"}),
        accelerator="tcg",
        seeds=frozenset({"nocloud"}),
        memory_mb=4096,
    ),
    4096,
)
LOGIN = {"user_data": "#!/bin/sh\n"}


def a_server(actor, **fields) -> Server:
    """A stopped server as rules see it."""
    server = ServerFactory(**{"project": actor.project, "ref": "there", **fields})
    DiskFactory(server=server, role="system", image=server.image)
    return server


def a_change(server, image, **fields) -> OsChange:
    return OsChange(server, image, **{"system_disk_gb": 1, **LOGIN, **fields})


def page_of(server: Server, draft: object = None) -> str:
    if draft:
        return reverse("servers-change-os-confirm", args=[server.pk, draft])
    return reverse("servers-change-os", args=[server.pk])


# ── the rule ────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("status", "code"),
    [
        ("stopped", ""),
        ("running", ""),
        ("change-os-failed", ""),
        ("reinstall-failed", ""),
        ("failed", "no-system-disk"),
        ("creating", "server-busy"),
        ("starting", "server-busy"),
        ("stopping", "server-busy"),
        ("rebooting", "server-busy"),
        ("changing-os", "server-busy"),
        ("reinstalling", "server-busy"),
        ("deleting", "server-busy"),
    ],
)
def test_the_states_in_which_the_os_is_changed(people, status, code) -> None:
    """R120, R130."""
    server = a_server(people.bob, status=status)
    assert can_change_os(server, people.bob).code == code
    assert can_reinstall_os(server, people.alice).code == code
    assert can_change_os(server, people.dave).code == "read-only"


def test_a_server_without_a_machine_has_no_os_to_change(people) -> None:
    """R121."""
    assert can_change_os(a_server(people.bob, ref=""), people.bob).code == "no-system-disk"
    without_disk = ServerFactory(project=people.bob.project, status="failed")
    with pytest.raises(Refused, match="no-system-disk"):
        change_os(without_disk, image=without_disk.image, actor=people.bob, **LOGIN)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({}, ""),
        ({"type": "full"}, ""),  # R128
        ({"type": "iso"}, "iso-image"),  # R127
        ({"type": "data"}, "data-image"),  # R129
        ({"boot_mode": "uefi"}, "change-boot-mode"),  # R100, R125
        ({"architecture": "arm", "boot_mode": "uefi"}, "change-architecture"),  # R126
        ({"status": "saving"}, "not-active"),
        ({"status": "frozen"}, "not-active"),
        ({"use": "bms"}, "fit-cloud-server"),
        ({"min_ram_mb": 8192}, "fit-memory-min"),
        ({"max_ram_mb": 128}, "fit-memory-max"),
    ],
)
def test_the_images_a_server_can_become(people, fields, code) -> None:
    server = a_server(people.bob)
    image = ImageFactory(project=people.bob.project, **fields)
    assert can_become(server, image, people.bob, HOST).code == code


def test_an_image_of_another_region_is_none(people) -> None:
    elsewhere = ProjectFactory(account=people.bob.account, region=RegionFactory(code="cn-east-3"))
    image = ImageFactory(project=elsewhere)
    assert can_become(a_server(people.bob), image, people.bob, HOST).code == "other-region"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({}, ""),
        ({"system_disk_gb": 2}, "system-disk-size"),  # the image needs 3
        ({"system_disk_gb": 2000}, "system-disk-size"),  # C4
        ({"user_data": ""}, "login-missing"),  # R139
        ({"user_data": "x" * (32 * 1024 + 1)}, "user-data-size"),
    ],
)
def test_the_whole_order_is_asked_for(people, fields, code) -> None:
    image = ImageFactory(project=people.bob.project, min_disk_gb=3)
    change = a_change(a_server(people.bob), image, **{"system_disk_gb": 3, **fields})
    assert can_order_change(change, people.bob, HOST).code == code


def test_a_running_server_needs_the_box_that_stops_it_first(people) -> None:
    """C12."""
    server, image = a_server(people.bob, status="running"), ImageFactory(project=people.bob.project)
    assert can_order_change(a_change(server, image), people.bob, HOST).code == "stop-first"
    assert can_order_change(a_change(server, image, stop_first=True), people.bob, HOST)


def test_a_key_pair_and_a_password_exclude_each_other_here_too(people) -> None:
    """R139."""
    server, image = a_server(people.bob), ImageFactory(project=people.bob.project)
    pair = KeyPairFactory(project=people.bob.project)
    both = a_change(server, image, key_pair=pair, password_hash="$6$x")
    assert can_order_change(both, people.bob, HOST).code == "login-both"
    theirs = a_change(server, image, key_pair=KeyPairFactory(project=people.carol.project))
    assert can_order_change(theirs, people.bob, HOST).code == "other-project"


@pytest.mark.parametrize(("resource", "limit"), [("disks", 1), ("disk_gb", 5)])
def test_the_new_disk_needs_quota_beside_the_old_one(people, resource, limit) -> None:
    """R122: the old disk is kept and goes on counting."""
    server, image = a_server(people.bob), ImageFactory(project=people.bob.project)
    people.bob.project.quotas = {resource: limit}
    people.bob.project.save()
    verdict = can_order_change(a_change(server, image, system_disk_gb=5), people.bob, HOST)
    assert verdict.code == f"quota-{resource.replace('_', '-')}"


def test_it_must_be_possible_to_start_it_afterwards(people) -> None:
    """R137."""
    server, image = a_server(people.bob), ImageFactory(project=people.bob.project)
    full = Host(HOST.capabilities, 100)
    assert can_order_change(a_change(server, image), people.bob, full).code == "no-guest-memory"
    without = Host(Capabilities(missing=("qemu-system-x86",), seeds=frozenset({"nocloud"})), 0)
    assert can_order_change(a_change(server, image), people.bob, without)


def test_the_keys_of_the_disks_that_stay_are_needed_and_not_that_of_the_one_that_goes(people) -> None:
    """R90."""
    server, image = a_server(people.bob), ImageFactory(project=people.bob.project)
    key = KeyFactory(project=people.bob.project, state="disabled")
    server.disks.update(key=key)
    assert can_order_change(a_change(server, image), people.bob, HOST)
    DiskFactory(server=server, role="data", index=1, key=key)
    assert can_order_change(a_change(server, image), people.bob, HOST).code == "key-not-enabled"


def test_reinstalling_uses_the_original_image_and_no_other(people) -> None:
    """R138."""
    server = a_server(people.bob)
    assert can_order_reinstall(a_change(server, server.image), people.bob, HOST)
    other = a_change(server, ImageFactory(project=people.bob.project))
    assert can_order_reinstall(other, people.bob, HOST).code == "other-image"
    server.image.status = "deleted"
    assert can_reinstall_os(server, people.bob).code == "original-image-gone"


# ── the service ─────────────────────────────────────────────────────────────
def test_the_system_disk_becomes_another_and_the_rest_of_the_server_stays(people) -> None:
    """R28, R136."""
    server = a_server(people.bob)
    former = server.disks.get()
    data = DiskFactory(server=server, role="data", index=1, ref="data")
    new = DiskFactory(
        server=server, image=ImageFactory(), beside=True, login={**login_of(server), "user_data": "#!"}
    )
    until = clock.now() + timedelta(days=7)
    rest = Disk.objects.filter(pk=data.pk).values().get()

    swap_system_disk(server, new, status=Disk.Status.KEPT, kept_until=until)

    after = Server.objects.get()
    assert (after.image, after.user_data) == (new.image, "#!")
    assert (after.mac, after.private_ip) == (server.mac, server.private_ip)
    assert {disk.pk for disk in after.disks.attached()} == {new.pk, data.pk}
    assert Disk.objects.filter(pk=data.pk).values().get() == rest
    former.refresh_from_db()
    assert (former.status, former.beside, former.kept_until) == ("kept", True, until)


@pytest.mark.guest
def test_a_change_boots_the_new_system_and_keeps_everything_else(people, engine) -> None:  # noqa: F811
    server = running_server(people.bob, data_disks_gb=(1,))
    wait_for(engine, server.ref, "TINY GUEST")
    first, data = server.disks.get(index=0, beside=False), server.disks.get(index=1)
    new = bootable_image(people.bob, min_disk_gb=2)
    pair = KeyPairFactory(project=people.bob.project)
    before = (server.pk, server.mac, server.private_ip, data.ref)
    change_os(server, image=new, key_pair=pair, stop_first=True, actor=people.bob)
    server.refresh_from_db()
    assert server.status == "changing-os"
    run_jobs()
    server.refresh_from_db()
    data.refresh_from_db()
    first.refresh_from_db()
    assert (server.status, server.status_code) == ("running", "boot-awaited")
    assert (server.pk, server.mac, server.private_ip, data.ref) == before
    assert (server.image, server.key_pair, server.user_data) == (new, pair, "")
    system = server.disks.attached().get(index=0)
    assert (system.size_gb, system.image, system.status) == (2, new, "in-use")
    assert (first.status, first.beside, first.login["user_data"]) == ("kept", True, "#!/bin/sh\n")
    assert system.instance_id.startswith(str(server.pk))
    assert Event.objects.filter(action="changeOs", resource_id=str(server.pk)).count() == 1
    wait_for(engine, server.ref, "TINY GUEST", times=2)
    open_usage = server.usage.get(ended_at=None)
    assert (open_usage.state, open_usage.image, open_usage.disk_gb) == ("running", new, 3)


def test_what_is_not_allowed_begins_nothing(people, engine) -> None:  # noqa: F811
    server, image = a_server(people.bob), ImageDiskFactory(image__project=people.bob.project).image
    Server.objects.update(status="running")  # meanwhile
    with pytest.raises(Refused, match="stop-first"):
        change_os(server, image=image, actor=people.bob, **LOGIN)
    with pytest.raises(Refused, match="read-only"):
        change_os(server, image=image, stop_first=True, actor=people.dave, **LOGIN)
    with pytest.raises(NotFound):
        change_os(server, image=image, stop_first=True, actor=people.carol, **LOGIN)
    theirs = ImageFactory(project=people.carol.project)
    with pytest.raises(NotFound):
        change_os(server, image=theirs, stop_first=True, actor=people.bob, **LOGIN)
    assert not Job.objects.exists()
    assert Disk.objects.count() == 1


def test_a_disk_like_the_present_one_is_begun_beside_it_and_both_are_known(people, engine) -> None:  # noqa: F811
    """R90, R122, R136."""
    server = a_server(people.bob, status="running")
    server.disks.update(size_gb=5)
    image = ImageFactory(project=people.bob.project, key=KeyFactory(project=people.bob.project))
    ImageDiskFactory(image=image)
    Image.objects.update(status="frozen")
    with pytest.raises(Refused, match="not-active"):
        change_os(server, image=image, stop_first=True, actor=people.bob, **LOGIN)
    Image.objects.update(status="active")
    change_os(server, image=image, stop_first=True, actor=people.bob, **LOGIN)
    new, former = server.disks.get(beside=True), server.disks.attached().get()
    assert (new.name, new.role, new.size_gb, new.key) == (f"{server.name}-system", "system", 5, image.key)
    args = Job.objects.get().args
    assert (args["disk_id"], args["former_id"]) == (str(new.pk), str(former.pk))


def test_nothing_else_is_done_with_a_server_meanwhile(people, engine) -> None:  # noqa: F811
    """R130."""
    server = a_server(people.bob)
    image = ImageFactory(project=people.bob.project)
    ImageDiskFactory(image=image)
    change_os(server, image=image, actor=people.bob, **LOGIN)
    for service in (start_server, stop_server):
        with pytest.raises(Refused, match="server-busy"):
            service(server, actor=people.bob)
    with pytest.raises(Refused, match="server-busy"):
        delete_server(server, delete_disks=True, actor=people.bob)
    with pytest.raises((Refused, Conflict)):
        change_os(server, image=image, actor=people.bob, **LOGIN)


@pytest.mark.guest
def test_a_failed_change_leaves_the_old_system_and_can_be_retried(people, engine, monkeypatch) -> None:  # noqa: F811
    server = running_server(people.bob)
    old, new = server.image, bootable_image(people.bob)
    used = used_by(people.bob.project)
    with monkeypatch.context() as broken:
        broken.setattr(Machines, "_run", _no_memory)
        change_os(server, image=new, stop_first=True, password_hash="$6$new", actor=people.bob)
        run_jobs()
    server.refresh_from_db()
    assert (server.status, server.status_code) == ("change-os-failed", "no-guest-memory")
    assert "memory" in server.status_sentence
    assert (server.image, server.password_hash) == (old, "")
    assert used_by(people.bob.project) == used
    assert len(files_of(server)) == 2
    assert reconcile_server(server).status == "change-os-failed"
    assert can_start(server, people.bob)
    job = Job.objects.get(kind="server.change-os")
    page = client_of(people.bob).get(server.get_absolute_url()).content.decode()
    assert "Failed to change the OS" in page
    assert "it is stopped" in page
    assert reverse("jobs:retry", args=[job.pk]) in page
    retry_job(job, actor=people.bob)
    server.refresh_from_db()
    assert server.status == "changing-os"
    run_jobs()
    server.refresh_from_db()
    assert (server.status, server.image, server.password_hash) == ("running", new, "$6$new")
    assert server.disks.kept().get().image == old


def _no_memory(*_arguments: object) -> None:
    raise Unavailable("no-guest-memory", needed_mb=64, free_mb=0)


def test_a_retry_needs_the_quota_again(people, engine) -> None:  # noqa: F811
    server = a_server(people.bob)
    image = ImageFactory(project=people.bob.project)
    ImageDiskFactory(image=image)
    change_os(server, image=image, actor=people.bob, **LOGIN)
    run_jobs()
    people.bob.project.quotas = {"disks": 1}
    people.bob.project.save()
    with pytest.raises(Refused, match="quota-disks"):
        retry_job(Job.objects.get(), actor=people.bob)
    assert Job.objects.get().state == "failed"


@pytest.mark.slow(reason="an OS is changed while the image is deleted")
def test_the_image_may_go_before_its_bytes_are_read(people, engine) -> None:  # noqa: F811
    (server,) = order(people.bob)
    run_jobs()
    stop_server(server, actor=people.bob)
    run_jobs()
    new = bootable_image(people.bob, name="short-lived")
    server.refresh_from_db()
    change_os(server, image=new, actor=people.bob, **LOGIN)
    engine.delete(new.disks.get().ref, work=Unwatched())
    run_jobs()
    server.refresh_from_db()
    assert (server.status, server.status_code) == ("change-os-failed", "image-bytes-gone")
    assert "short-lived" in server.status_sentence


@pytest.mark.guest
def test_a_change_that_is_cancelled_leaves_the_old_system_stopped(people, engine) -> None:  # noqa: F811
    server = running_server(people.bob)
    old = server.image
    change_os(server, image=bootable_image(people.bob), stop_first=True, actor=people.bob, **LOGIN)
    cancel_job(Job.objects.live().get(), actor=people.bob)
    run_jobs()
    server.refresh_from_db()
    assert server.image == old
    assert server.disks.existing().count() == 1
    assert reconcile_server(server).status == "running"  # it had not begun: the guest was not touched


@pytest.mark.guest
def test_a_system_without_a_word_is_told_from_one_that_lives(people, engine, settings) -> None:  # noqa: F811
    """R137. No job waits for it; the clock finds out."""
    settings.IMS_BOOT_CHECK_S = 600
    server = running_server(people.bob)
    dead = bootable_image(people.bob, word="")
    change_os(server, image=dead, stop_first=True, actor=people.bob, **LOGIN)
    run_jobs()
    client = client_of(people.bob)
    assert "The system is starting" in client.get(server.get_absolute_url()).content.decode()
    clock.move(timedelta(seconds=601))
    since = Server.objects.get(pk=server.pk).status_since
    reconcile_all()
    page = client.get(server.get_absolute_url()).content.decode()
    server.refresh_from_db()
    assert (server.status, server.status_code, server.status_since) == ("running", "no-sign-of-life", since)
    assert "within 600 seconds" in page
    told = Message.objects.get(code="server-silent")
    assert (told.user, told.subject_id, told.values["name"]) == (people.bob.user, server.pk, server.name)
    assert "the former system disk is still there" in page

    undo_change_os(server.disks.kept().get(), actor=people.bob)
    run_jobs()
    wait_for(engine, server.ref, "TINY GUEST", times=2)
    reconcile_all()
    server.refresh_from_db()
    assert (server.status, server.status_code) == ("running", "boot-seen")
    page = client.get(server.get_absolute_url()).content.decode()
    assert "it has written to its serial console" in page
    assert "the former system disk is still there" not in page


@pytest.mark.guest
def test_a_system_that_speaks_late_is_believed(people, engine) -> None:  # noqa: F811
    server = running_server(people.bob)
    wait_for(engine, server.ref, "TINY GUEST")
    values = {"console_bytes": 0, "seconds": "1", "until": clock.now().isoformat()}
    Server.objects.filter(pk=server.pk).update(status_code="no-sign-of-life", status_values=values)
    reconcile_all()
    server.refresh_from_db()
    assert server.status_code == "boot-seen"


@pytest.mark.slow(reason="an OS is changed, system disk included")
def test_without_qemu_the_disk_is_changed_and_the_server_stays_stopped(people, engine, monkeypatch) -> None:  # noqa: F811
    monkeypatch.setattr(
        type(engine),
        "capabilities",
        lambda self: Capabilities(missing=("qemu-system-x86",), seeds=frozenset({"nocloud"})),
    )
    (server,) = order(people.bob)
    run_jobs()
    new = bootable_image(people.bob)
    server.refresh_from_db()
    change_os(server, image=new, actor=people.bob, **LOGIN)
    run_jobs()
    server.refresh_from_db()
    assert (server.status, server.status_code, server.image) == ("stopped", "qemu-missing", new)


# ── the page ────────────────────────────────────────────────────────────────
def typed(chosen, **changes) -> dict[str, str]:
    plain = {
        "action": "confirm",
        "image": str(chosen.pk),
        "system_disk_gb": "3",
        "login": "password",
        "password": "Secret-1x",
        "password_again": "Secret-1x",
    }
    return {**plain, **changes}


@pytest.mark.slow(reason="a wizard of several pages is filled in")
def test_the_journey_from_choosing_to_the_job(people, engine) -> None:  # noqa: F811
    server = a_server(people.bob, status="running")
    DiskFactory(server=server, role="data", index=1, size_gb=7, name="precious")
    image = ImageFactory(project=people.bob.project, name="new-system")
    ImageDiskFactory(image=image)
    client = client_of(people.bob)
    assert "Stop the server first" in client.get(page_of(server)).content.decode()
    confirm = client.post(page_of(server), typed(image, stop_first="on"))["Location"]
    page = client.get(confirm).content.decode()
    for word in (
        "new-system",
        server.mac,
        server.private_ip,
        str(server.pk),
        "precious (7 GB)",
        "1 GB → 3 GB",
    ):
        assert word in page
    assert bare(client.post(confirm)["Location"]) == server.get_absolute_url()
    server.refresh_from_db()
    assert server.status == "changing-os"
    new = server.disks.get(status="creating")
    assert (new.size_gb, new.beside) == (3, True)
    assert sha512_crypt.verify("Secret-1x", new.login["password_hash"])
    assert bare(client.post(confirm)["Location"]) == server.get_absolute_url()  # a draft serves once
    assert bare(client.get(confirm)["Location"]) == server.get_absolute_url()
    assert Job.objects.count() == 1
    assert f'id="job-{Job.objects.get().pk}"' in client.get(server.get_absolute_url()).content.decode()


def test_a_password_is_kept_nowhere_but_as_its_hash(people) -> None:
    server = a_server(people.bob)
    image = ImageFactory(project=people.bob.project)
    client = client_of(people.bob)
    assert client.post(page_of(server), typed(image)).status_code == 302
    draft = Draft.objects.get()
    assert "Secret-1x" not in str(Draft.objects.values().get())
    back = client.get(f"{page_of(server)}?draft={draft.pk}").content.decode()
    assert "Secret-1x" not in back
    assert 'value="3"' in back


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"system_disk_gb": "1"}, "system_disk_gb"),
        ({"system_disk_gb": "5000"}, "system_disk_gb"),
        ({"image": "nonsense"}, "image"),
        ({"password": "short", "password_again": "short"}, "password"),
        ({"password_again": "another"}, "password_again"),
        ({"login": "key"}, "key_pair"),
        ({"login": "none"}, "user_data"),
        ({"user_data": "x" * 40000}, "user_data"),
    ],
)
def test_what_is_typed_wrong_is_said_at_its_field(people, changes, field) -> None:
    image = ImageFactory(project=people.bob.project, min_disk_gb=2)
    page = client_of(people.bob).post(page_of(a_server(people.bob)), typed(image, **changes))
    assert page.status_code == 422
    assert field in page.context["form"].errors
    assert f'href="#id_{field}"' in page.content.decode()
    assert page.content.decode().count(f'id="id_{field}"') == 1
    assert not Draft.objects.exists()


def test_a_running_server_is_not_changed_without_the_box(people) -> None:
    image = ImageFactory(project=people.bob.project)
    page = client_of(people.bob).post(page_of(a_server(people.bob, status="running")), typed(image))
    assert page.status_code == 422
    assert page.context["form"].errors.as_data()["stop_first"][0].code == "stop-first"


def test_images_that_do_not_fit_are_shown_last_with_the_reason(people) -> None:
    server = a_server(people.bob)
    for name, fields in {
        "a-uefi": {"boot_mode": "uefi"},
        "b-iso": {"type": "iso"},
        "c-data": {"type": "data"},
        "d-good": {},
    }.items():
        ImageFactory(project=people.bob.project, name=name, **fields)
    PublicImageFactory(name="everybody's")
    client = client_of(people.bob)
    page = client.get(f"{page_of(server)}?tab=private")
    shown = [(choice.thing.name, choice.verdict.code) for choice in page.context["form"]["image"].picks]
    unfit = [("c-data", "data-image"), ("b-iso", "iso-image"), ("a-uefi", "change-boot-mode")]
    assert shown[-3:] == unfit
    assert ("d-good", "") in shown
    assert "The server boots by BIOS" in page.content.decode()
    public = client.get(page_of(server)).context["form"]["image"].picks
    assert [choice.thing.name for choice in public] == ["everybody's"]


def test_choosing_an_image_draws_the_size_again(people) -> None:
    server = a_server(people.bob)
    image = ImageFactory(project=people.bob.project, min_disk_gb=7)
    client = client_of(people.bob)
    wanted = typed(image, action="refresh", system_disk_gb="1")
    fragment = client.post(page_of(server), wanted, headers={"HX-Request": "true"})
    assert b"<html" not in fragment.content
    assert fragment.context["form"]["system_disk_gb"].value() == 7
    whole = client.post(page_of(server), wanted).content.decode()
    assert "<html" in whole
    assert "Secret-1x" not in whole


def test_who_only_reads_sees_why_and_changes_nothing(people) -> None:
    server, image = a_server(people.bob), ImageFactory(project=people.bob.project)
    client = client_of(people.dave)
    assert "read-only" in client.get(page_of(server)).content.decode()
    assert client.post(page_of(server), typed(image)).status_code == 422
    assert not Draft.objects.exists()


def test_a_stranger_finds_neither_page(people) -> None:
    server, image = a_server(people.bob), ImageFactory(project=people.bob.project)
    confirm = client_of(people.bob).post(page_of(server), typed(image))["Location"]
    for client, status in ((client_of(people.carol), 404), (client_of(None), 302)):
        assert client.get(page_of(server)).status_code == status
        assert client.get(confirm).status_code == status
        assert client.post(confirm).status_code == status
    assert client_of(people.alice).get(confirm).status_code == 404  # drafts are their authors' alone


def test_what_became_impossible_meanwhile_is_said_before_and_refused(people) -> None:
    server, image = a_server(people.bob), ImageFactory(project=people.bob.project)
    ImageDiskFactory(image=image)
    client = client_of(people.bob)
    confirm = client.post(page_of(server), typed(image))["Location"]
    Server.objects.update(status="running")
    for answer in (client.get(confirm, follow=True), client.post(confirm, follow=True)):
        assert (
            "Tick the box" in re.search(r'id="error-summary".*?</ul>', answer.content.decode(), re.DOTALL)[0]
        )
    assert not Job.objects.exists()
    Server.objects.update(status="rebooting")
    assert client.post(confirm).status_code == 409
    assert Draft.objects.exists()
    image.status = "deleted"
    image.save()
    assert client.get(confirm).status_code == 302


@pytest.mark.slow(reason="the queries of a page are counted with few rows and with many")
def test_the_page_costs_the_same_for_1_and_50_images(people) -> None:
    server, client = a_server(people.bob), client_of(people.bob)
    PublicImageFactory()
    one = _queries(client, page_of(server))
    PublicImageFactory.create_batch(49)
    assert _queries(client, page_of(server)) == one
    assert one <= 20


def _queries(client, url: str) -> int:
    client.get(url)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(url).status_code == 200
    return len(queries)


def test_the_kind_says_how_its_states_are_called() -> None:
    assert ChangeOs.busy.label == "Changing OS"
    assert ChangeOs.failed.label == "Failed to change the OS"
