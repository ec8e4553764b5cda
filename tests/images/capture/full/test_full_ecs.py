"""Full-ECS images: of a server, of a backup; servers from them. Rule, service, page. Guests: test_full_ecs_guests."""

import pytest
from django.urls import reverse

from images.capture.full.rules import can_capture_full_into, can_make_of_backup
from images.capture.full.services import capture_full, make_of_backup
from images.change_os.rules import can_become
from images.change_os.services import change_os
from images.delete.services import delete_image, purge_image
from images.launch.rules import data_disks_gb_of
from images.launch.services import create_servers
from images.models import Image
from images.restore.services import restore_to_new_server
from images.verify.store_check import differences
from imsconsole.cloud.backups.services import create_backup, create_legacy_backup, restore_backup
from imsconsole.cloud.backups.vaults.filters import vaults_of
from imsconsole.cloud.engines import engine_for
from imsconsole.cloud.hosts import Host
from imsconsole.cloud.models import Backup, Server
from imsconsole.cloud.servers.specs import key_of
from imsconsole.core.errors import NoSpace, NotFound
from imsconsole.core.project_urls import bare
from imsconsole.core.rules import Refused
from imsconsole.engine.types import GIB, Capabilities, Unwatched
from imsconsole.jobs.models import Job
from imsconsole.jobs.quotas import used_by
from imsconsole.jobs.services import cancel_job, retry_job
from tests import factories
from tests.cloud.backups.conftest import no_qemu, server  # noqa: F401
from tests.cloud.backups.making import read_from, write_on
from tests.cloud.conftest import engine  # noqa: F401
from tests.cloud.servers.machines import REGION, bootable_image, order, tiny_flavor
from tests.conftest import client_of
from tests.engine.guests import TestWork
from tests.support.at_once import DONE, at_once
from tests.support.faults import faulty_engine
from tests.support.wizards import gone_through
from tests.support.workers import run_jobs

HOST = Host(Capabilities(accelerator="tcg", memory_mb=4096), 4096)
LOGIN = {"user_data": "#!/bin/sh\n"}

pytestmark = pytest.mark.slow(reason="servers of several disks are backed up and made")


@pytest.fixture
def vault(people):
    return factories.VaultFactory(project=people.bob.project, name="daily", capacity_gb=50)


@pytest.fixture
def full(people, server, vault) -> Image:  # noqa: F811
    """A full-ECS image of the server, on whose disks OLD is written; NEW is since."""
    image = capture_full(server, vault=vault, name="whole", actor=people.bob)
    run_jobs()
    for disk in server.disks.all():
        write_on(disk, "NEW")
    image.refresh_from_db()
    assert image.status == "active", image.error_sentence
    return image


def launch(actor, image, **wanted) -> Server:
    (made,) = create_servers(
        actor=actor,
        image=image,
        **{"name": "copy", "flavor": tiny_flavor(), "data_disks_gb": (1, 2), **LOGIN, **wanted},
    )
    return made


def words_of(made: Server) -> list[str]:
    return [read_from(disk) for disk in made.disks.attached().order_by("index")]


# rules ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [each for each in Server.Status.values if each != "deleted"])
def test_running_and_stopped_servers_are_captured_r30(people, vault, status):
    source = factories.ServerFactory(project=people.bob.project, status=status, ref="there")
    factories.DiskFactory(server=source)
    into = vaults_of(people.bob).get()
    assert bool(can_capture_full_into(source, into, people.bob)) == (status in ("running", "stopped"))
    assert can_capture_full_into(source, into, people.dave).code == "read-only"


def test_the_vault_must_have_room_and_images_a_quota(people, vault):
    source = factories.ServerFactory(project=people.bob.project, ref="there")
    factories.DiskFactory(server=source, size_gb=51)
    assert can_capture_full_into(source, vaults_of(people.bob).get(), people.bob).code == "vault-full"
    source.disks.update(size_gb=1)
    people.bob.project.quotas = {"images": 0}
    people.bob.project.save()
    assert can_capture_full_into(source, vaults_of(people.bob).get(), people.bob).code == "quota-images"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({}, ""),
        ({"kind": "csbs", "vault": None}, ""),
        ({"status": "creating"}, "backup-busy"),
        ({"status": "restoring"}, "backup-busy"),
        ({"status": "failed"}, "backup-failed"),
    ],
)
def test_a_backup_must_be_available_r69(people, fields, code):
    backup = factories.BackupFactory(project=people.bob.project, **fields)
    assert can_make_of_backup(backup, people.bob).code == code
    assert can_make_of_backup(backup, people.dave).code == "read-only"


def test_one_backup_makes_one_image_r68(people, full):
    backup = Backup.objects.get()
    assert can_make_of_backup(backup, people.bob).code == "backup-has-image"
    with pytest.raises(Refused, match="backup-has-image"):
        make_of_backup(backup, name="second", actor=people.bob)
    delete_image(full, actor=people.bob)
    assert can_make_of_backup(Backup.objects.get(), people.bob).code == "backup-has-image", "it may come back"
    purge_image(full, actor=people.bob)
    assert can_make_of_backup(Backup.objects.get(), people.bob)


@pytest.mark.django_db(transaction=True)
def test_of_two_who_make_an_image_of_a_backup_one_wins_r68(people):
    backup = factories.BackupFactory(project=people.bob.project)
    factories.BackupDiskFactory(backup=backup)
    outcomes = at_once(
        *[lambda name=name: make_of_backup(backup, name=name, actor=people.bob) for name in ("a", "b")]
    )
    assert sorted(outcomes) == ["backup-has-image", DONE]


def test_whether_it_comes_from_csbs_is_known_r17_r41_r42(people, server, vault):  # noqa: F811
    cbr = create_backup(server, vault=vault, name="cbr", actor=people.bob)
    run_jobs()
    make_of_backup(cbr, name="of-cbr", actor=people.bob)
    legacy = create_legacy_backup(server, name="legacy", actor=people.bob)
    run_jobs()
    make_of_backup(legacy, name="of-csbs", actor=people.bob)
    again = restore_to_new_server(legacy, name="again", flavor=tiny_flavor(), actor=people.bob)
    run_jobs()
    capture_full(server, vault=vault, name="of-server", actor=people.bob)
    capture_full(Server.objects.get(pk=again.pk), vault=vault, name="of-restored", actor=people.bob)
    images = Image.objects.with_facts(people.bob, "comes_from_csbs").filter(type="full")
    assert dict(images.values_list("name", "comes_from_csbs")) == {
        "of-cbr": False, "of-csbs": True, "of-server": True, "of-restored": True,
    }  # fmt: skip


# of a server ------------------------------------------------------------------------------------------


def test_it_has_all_disks_of_the_server_and_what_its_system_says_r6(people, server, full):  # noqa: F811
    assert (full.type, full.min_disk_gb, full.parent_id) == ("full", 1, server.image_id)
    assert (full.boot_mode, full.secure_boot, full.tpm) == ("uefi", True, True)
    assert (full.source_kind, full.source_id, full.source_name) == ("server", server.pk, "web")
    assert [(disk.index, disk.role) for disk in full.disks.all()] == [(0, "system"), (1, "data"), (2, "data")]
    assert data_disks_gb_of(full) == [1, 2]
    backup = full.backup
    assert (backup.status, backup.server_id, backup.vault.name) == ("available", server.pk, "daily")
    assert [disk.checksum for disk in full.disks.all()] == [disk.checksum for disk in backup.disks.all()]
    assert list(differences()) == []


def test_image_and_backup_are_the_same_bytes_and_count_once(people, full, engine):  # noqa: F811
    ours, theirs = full.disks.first(), full.backup.disks.first()
    assert theirs.stored == ours.stored
    origin = full.parent.disks.get().size_bytes
    stored = sum(disk.size_bytes for disk in full.backup.disks.all())
    assert used_by(people.bob.project)["store_bytes"] == origin + stored


def test_until_the_backup_is_complete_it_is_usable_in_one_az_only_r96(people, server, vault, monkeypatch):  # noqa: F811
    zone = factories.ZoneFactory(region=people.bob.region, code="other-az")
    seen = {}

    def look(*_args, **_kwargs) -> bool:
        """While the backup is read again."""
        if not seen:
            image = Image.objects.get(name="whole")
            page = client_of(people.bob).get(image.get_absolute_url()).content.decode()
            seen.update(
                status=image.status, zone=image.only_zone, says=f"Available in {server.zone} only" in page
            )
            with pytest.raises(Refused) as refusal:
                launch(people.bob, image, zone=zone)
            seen["elsewhere"] = refusal.value.code
            seen["there"] = launch(people.bob, image, zone=server.zone).pk
            other = factories.ServerFactory(project=people.bob.project, zone=zone, image=image, ref="there")
            seen["change"] = can_become(other, image, people.bob, HOST).code
            other.delete()
        return True

    monkeypatch.setattr("imsconsole.engine.local.engine.LocalEngine.verify", look)
    capture_full(server, vault=vault, name="whole", actor=people.bob)
    run_jobs()
    assert seen["status"] == "active"
    assert seen["zone"] == server.zone
    assert seen["says"]
    assert (seen["elsewhere"], seen["change"]) == ("only-in-zone", "only-in-zone")
    image = Image.objects.get(name="whole")
    assert image.only_zone is None
    assert launch(people.bob, image, zone=zone, name="elsewhere")
    assert words_of(Server.objects.get(pk=seen["there"])) == ["OLD"] * 3


def test_one_that_fails_leaves_neither_image_nor_backup_and_can_be_tried_again(people, server, vault):  # noqa: F811
    with faulty_engine("verify:1", error=NoSpace()):
        image = capture_full(server, vault=vault, name="whole", actor=people.bob)
        run_jobs()
    image.refresh_from_db()
    assert (image.status, image.error_code, image.backup.status) == ("killed", "no-space", "failed")
    assert not image.disks.exists()
    assert Server.objects.get(pk=server.pk).task == ""
    assert list(differences()) == []
    retry_job(Job.objects.get(kind="image.capture-full"), actor=people.bob)
    run_jobs()
    image.refresh_from_db()
    assert (image.status, image.error_code) == ("active", "")
    assert words_of(_ran(launch(people.bob, image))) == ["OLD"] * 3


def test_a_cancelled_one_leaves_nothing(people, server, vault):  # noqa: F811
    image = capture_full(server, vault=vault, name="whole", actor=people.bob)
    cancel_job(Job.objects.live().get(), actor=people.bob)
    run_jobs()
    image.refresh_from_db()
    assert (image.status, image.backup.status) == ("killed", "failed")
    assert list(differences()) == []


def test_names_tags_and_memory_are_asked(people, server, vault, full):  # noqa: F811
    for wanted, code in (
        ({"name": "whole"}, "image-name-taken"),
        ({"name": "x", "min_ram_mb": 2, "max_ram_mb": 1}, "memory-range"),
        ({"name": "x", "tags": {str(n): "" for n in range(11)}}, "too-many-tags"),
    ):
        with pytest.raises(Refused, match=code):
            capture_full(server, vault=vault, actor=people.bob, **wanted)
    assert Backup.objects.count() == 1


def test_others_servers_vaults_and_backups_are_not_there(people, server, vault, full):  # noqa: F811
    with pytest.raises(NotFound):
        capture_full(server, vault=vault, name="mine", actor=people.carol)
    with pytest.raises(NotFound):
        make_of_backup(full.backup, name="mine", actor=people.carol)


# of a backup ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["cbr", "csbs"])
def test_a_backup_of_either_kind_makes_an_image(people, server, vault, kind):  # noqa: F811
    if kind == "cbr":
        backup = create_backup(server, vault=vault, name="first", actor=people.bob)
    else:
        backup = create_legacy_backup(server, name="first", actor=people.bob)
    run_jobs()
    image = make_of_backup(backup, name="whole", actor=people.bob, tags={"os": "tiny"})
    run_jobs()
    image.refresh_from_db()
    assert (image.status, image.source_kind, image.source_id) == ("active", "backup", backup.pk)
    assert image.tag_values == {"os": "tiny"}
    assert words_of(_ran(launch(people.bob, image))) == ["OLD"] * 3
    assert list(differences()) == []


# servers from it --------------------------------------------------------------------------------------


def _ran(made: Server) -> Server:
    run_jobs()
    made.refresh_from_db()
    assert made.status == "stopped", made.status_sentence
    return made


def test_a_server_has_all_disks_with_their_content(people, full):
    made = _ran(launch(people.bob, full, data_disks_gb=(3, 2, 4)))
    assert words_of(made) == ["OLD", "OLD", "OLD", ""]
    sizes = made.disks.attached().order_by("index").values_list("size_gb", flat=True)
    assert list(sizes) == [1, 3, 2, 4]
    assert list(differences()) == []


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ({"data_disks_gb": (1,)}, "full-ecs-disks"),
        ({"data_disks_gb": (1, 1)}, "full-ecs-disk-size"),
        ({"data_disks_gb": ()}, "full-ecs-disks"),
    ],
)
def test_disks_grow_and_never_shrink_r95(people, full, wanted, code):
    with pytest.raises(Refused) as refusal:
        launch(people.bob, full, **wanted)
    assert refusal.value.code == code


def test_change_os_takes_its_system_disk_only_r128(people, server, full):  # noqa: F811
    before = {disk.pk for disk in server.disks.filter(role="data")}
    change_os(Server.objects.get(pk=server.pk), image=full, actor=people.bob, **LOGIN)
    run_jobs()
    assert words_of(server) == ["OLD", "NEW", "NEW"]
    assert {disk.pk for disk in server.disks.attached().filter(role="data")} == before


def test_deleting_the_image_harms_no_server_and_keeps_its_backup_unless_told_r88(people, full):
    made = _ran(launch(people.bob, full))
    backup = full.backup
    delete_image(full, actor=people.bob)
    purge_image(full, actor=people.bob)
    run_jobs()
    backup.refresh_from_db()
    assert backup.status == "available"
    assert words_of(made) == ["OLD"] * 3
    again = make_of_backup(backup, name="again", actor=people.bob)
    run_jobs()
    again.refresh_from_db()
    delete_image(again, deletes_backups=True, actor=people.bob)
    backup.refresh_from_db()
    assert backup.status == "available", "backups go only with the image for ever"
    purge_image(again, actor=people.bob)
    run_jobs()
    backup.refresh_from_db()
    assert (backup.status, bool(backup.deleted_at)) == ("deleted", True)
    assert words_of(made) == ["OLD"] * 3
    assert list(differences()) == []


# pages --------------------------------------------------------------------------------------------------


def test_from_the_wizard_to_a_server_with_all_disks(people, server, vault):  # noqa: F811
    client = client_of(people.bob)
    url = reverse("images:create-full-of-server")
    assert url in client.get(reverse("images:create"), follow=True).content.decode()
    page = client.get(f"{url}?type=full&server={server.pk}").content.decode()
    assert f'value="{server.pk}" checked' in page
    typed = {"server": server.pk, "vault": vault.pk, "name": "whole"}
    assert client.post(url, typed | {"name": ""}).status_code == 422
    image_url = gone_through(client, url, typed | {"tags": "os=tiny"}).url
    run_jobs()
    page = client.get(image_url).content.decode()
    assert Image.objects.get(name="whole").backup.get_absolute_url() in page
    shown = client.get(reverse("servers-create"), {"image": Image.objects.get(name="whole").pk})
    assert "The image brings 2 data disks" in shown.content.decode()
    form = shown.context["form"]
    assert [field.value() for field in form.data_disk_fields()] == [1, 2]
    order = {
        "image": Image.objects.get(name="whole").pk, "zone": server.zone.pk, "flavor": server.flavor.pk, "login": "none",
        "system_disk_gb": 1, "data_disks": 2, "data_disk_1": 1, "data_disk_2": 1, "name": "copy", "count": 1,
        "user_data": "#!/bin/sh", "action": "confirm",
    }  # fmt: skip
    refused = client.post(reverse("servers-create"), order)
    assert refused.status_code == 422
    assert "It can grow, not shrink" in refused.content.decode()
    draft = client.post(reverse("servers-create"), order | {"data_disk_2": 2}).url
    made = client.post(draft).url
    run_jobs()
    assert words_of(Server.objects.get(pk=bare(made).split("/")[2])) == ["OLD"] * 3


def test_a_backup_becomes_an_image_from_its_page(people, server, vault):  # noqa: F811
    backup = create_backup(server, vault=vault, name="first", actor=people.bob)
    run_jobs()
    client = client_of(people.bob)
    url = reverse("images:create-full-of-backup")
    assert f"{url}?backup={backup.pk.hex}" in client.get(backup.get_absolute_url()).content.decode()
    made = gone_through(client, url, {"backup": backup.pk, "name": "whole"})
    run_jobs()
    assert "Normal" in client.get(made.url).content.decode()
    assert "makes one image" in client.get(url).content.decode()


# keys ---------------------------------------------------------------------------------------------------


@pytest.mark.bytes
def test_every_disk_keeps_the_key_it_is_encrypted_with_r91(people, server, vault, settings, tmp_path):  # noqa: F811
    settings.MASTER_KEY_FILE = tmp_path / "master_key"
    key, other = (factories.KeyFactory(project=people.bob.project) for _ in "ab")
    source = bootable_image(people.bob, name="secret", key=key)
    made = _ran(order(people.bob, source, name="secret", data_disks_gb=(1,))[0])
    disk = made.disks.get(index=1)
    engine_for(REGION).delete_disk(disk.ref, work=Unwatched())
    disk.key = other
    disk.ref = engine_for(REGION).create_disk(disk.pk, GIB, work=TestWork(), key=key_of(disk))
    disk.save()
    image = capture_full(made, vault=vault, name="whole", actor=people.bob)
    run_jobs()
    image.refresh_from_db()
    assert image.status == "active", image.error_sentence
    assert image.key == key
    copy = _ran(launch(people.bob, image, data_disks_gb=(1,)))
    assert [each.key for each in copy.disks.order_by("index")] == [key, other]
    restore_backup(image.backup, actor=people.bob)
    run_jobs()
    assert [each.key for each in made.disks.attached().order_by("index")] == [key, other]
    other.state = "disabled"
    other.save()
    with pytest.raises(Refused, match="key-not-enabled"):
        restore_backup(image.backup, actor=people.bob)


# deleting ---------------------------------------------------------------------------------------------


def test_a_backup_that_goes_with_it_is_waited_for(people, full):
    """R88: the box that was ticked counts when the image goes for ever, and not before."""
    backup = full.backup
    delete_image(full, deletes_backups=True, actor=people.bob)
    run_jobs()
    backup.refresh_from_db()
    assert backup.status == "available"
    Backup.objects.filter(pk=backup.pk).update(status="restoring")
    with pytest.raises(Refused, match="backup-busy"):
        purge_image(full, actor=people.bob)
    page = client_of(people.bob).get(f"{reverse('images:list')}?tab=trash").content.decode()
    assert "The backup is in state" in page
    Backup.objects.filter(pk=backup.pk).update(status="available")
    purge_image(full, actor=people.bob)
    run_jobs()
    backup.refresh_from_db()
    assert backup.status == "deleted"
    assert list(differences()) == []
