"""A backup becomes a new server: rule, service, page."""

from importlib import import_module

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.urls import reverse

from images.restore.rules import can_restore_to_new
from images.restore.services import restore_to_new_server
from images.verify.store_check import differences
from imsconsole.cloud.backups.services import create_backup
from imsconsole.cloud.hosts import Host
from imsconsole.cloud.models import Backup, BytesUse, Server
from imsconsole.cloud.servers.services import delete_server
from imsconsole.core.errors import NotFound
from imsconsole.core.project_urls import bare
from imsconsole.core.rules import Refused
from imsconsole.engine.types import Capabilities
from imsconsole.jobs.models import Job
from tests import factories
from tests.cloud.backups.conftest import no_qemu, server  # noqa: F401
from tests.cloud.backups.making import read_from
from tests.cloud.conftest import engine  # noqa: F401
from tests.cloud.servers.machines import arm_flavor, tiny_flavor
from tests.conftest import client_of
from tests.support.wizards import gone_through
from tests.support.workers import run_jobs

HOST = Host(Capabilities(accelerator="tcg", memory_mb=4096), 4096)


@pytest.fixture
def backup(people, server) -> Backup:  # noqa: F811
    """Of a server that is gone since."""
    vault = factories.VaultFactory(project=people.bob.project)
    made = create_backup(server, vault=vault, name="first", actor=people.bob)
    run_jobs()
    delete_server(Server.objects.get(pk=server.pk), delete_disks=True, actor=people.bob)
    run_jobs()
    made.refresh_from_db()
    return made


@pytest.mark.parametrize(
    ("status", "quotas", "code"),
    [
        ("available", {}, ""),
        ("failed", {}, "backup-failed"),
        ("creating", {}, "backup-busy"),
        ("available", {"servers": 0}, "quota-servers"),
        ("available", {"disk_gb": 0}, "quota-disk-gb"),
    ],
)
def test_when_a_backup_becomes_a_server(people, status, quotas, code):
    people.bob.project.quotas = quotas
    people.bob.project.save()
    made = factories.BackupFactory(project=people.bob.project, status=status)
    factories.BackupDiskFactory(backup=made)
    assert can_restore_to_new(made, tiny_flavor(), people.bob, HOST).code == code
    assert can_restore_to_new(made, tiny_flavor(), people.dave, HOST).code == "read-only"


def test_the_flavor_must_fit_and_start(people):
    made = factories.BackupFactory(project=people.bob.project)
    full = Host(Capabilities(accelerator="tcg", memory_mb=4096), 0)
    arm = factories.FlavorFactory(name="arm-1", architecture="arm")
    assert can_restore_to_new(made, tiny_flavor(), people.bob, full).code == "no-guest-memory"
    assert can_restore_to_new(made, arm, people.bob, HOST).code == "fit-architecture"
    nothing_starts = Host(Capabilities(missing=("qemu-system-x86",)), 0)
    assert can_restore_to_new(made, tiny_flavor(), people.bob, nothing_starts)


def test_the_rows_of_the_new_server_say_what_the_backup_says(people, no_qemu):  # noqa: F811
    pair = factories.KeyPairFactory(project=people.bob.project)
    key = factories.KeyFactory(project=people.bob.project)
    then = {"boot_mode": "uefi", "secure_boot": True, "tpm": True, "multi_queue": True, "architecture": "arm"}
    made = factories.BackupFactory(
        project=people.bob.project,
        image=factories.ImageFactory(project=people.bob.project, architecture="arm", boot_mode="uefi"),
        login={"password_hash": "$6$then", "user_data": "#!"},
        **then,
    )
    system, data = (
        factories.BackupDiskFactory(backup=made, index=index, size_gb=index + 1, key=key) for index in (0, 2)
    )
    wanted = {"flavor": arm_flavor(), "key_pair": pair, "actor": people.bob}
    with pytest.raises(ValidationError):
        restore_to_new_server(made, name="a b", **wanted)
    with pytest.raises(Refused, match="read-only"):
        restore_to_new_server(made, name="again", **wanted | {"actor": people.dave})
    server = restore_to_new_server(made, name="again", **wanted)  # noqa: F811
    assert (server.name, server.host_name) == ("again", "again")
    assert (server.architecture, server.boot_mode) == ("arm", "uefi")
    assert (server.key_pair, server.ssh_key, server.password_hash) == (pair, pair.public_key, "")
    assert (server.user_data, server.restored_from, server.created_by) == ("#!", made, people.bob.user)
    assert Server.objects.get() == server
    disks = list(server.disks.order_by("index"))
    assert [(disk.image, disk.key) for disk in disks] == [(made.image, key), (None, key)]
    assert [(disk.name, disk.role, disk.index, disk.size_gb) for disk in disks] == [
        ("again-system", "system", 0, 1), ("again-data-2", "data", 2, 3),
    ]  # fmt: skip
    assert [(disk.secure_boot, disk.tpm, disk.multi_queue) for disk in disks] == [(True,) * 3, (False,) * 3]
    job = Job.objects.get()
    assert (job.args["image_ref"], job.args["disk_refs"]) == (system.ref, {str(disks[1].pk): data.ref})
    assert set(BytesUse.objects.values_list("stored", "job")) == {
        (each.stored_id, job.pk) for each in (system, data)
    }
    made.secure_boot = made.tpm = made.multi_queue = False
    made.save()
    other = restore_to_new_server(made, name="other", flavor=wanted["flavor"], actor=people.bob)
    system = other.disks.get(index=0)
    assert (system.secure_boot, system.tpm, system.multi_queue) == (False,) * 3
    assert (other.key_pair, other.ssh_key, other.password_hash) == (None, "", "$6$then")
    assert other.mac != server.mac
    made.disks.update(key=factories.KeyFactory(project=people.bob.project, state="disabled"))
    assert can_restore_to_new(made, tiny_flavor(), people.bob, HOST).code == "key-not-enabled", "R90"


@pytest.mark.slow(reason="a server is backed up and made anew of the backup")
def test_all_disks_come_back_in_a_server_of_its_own(people, backup):
    made = restore_to_new_server(backup, name="again", flavor=tiny_flavor(), actor=people.bob)
    run_jobs()
    made.refresh_from_db()
    assert (made.status, made.image_id, made.zone_id) == ("stopped", backup.image_id, backup.zone_id)
    assert made.pk != backup.server_id
    assert made.restored_from == backup
    disks = list(made.disks.attached().order_by("index"))
    assert [read_from(disk) for disk in disks] == ["OLD"] * 3
    assert [disk.size_gb for disk in disks] == [1, 1, 2]
    assert [(disk.secure_boot, disk.tpm) for disk in disks] == [(True, True), (False, False), (False, False)]
    assert made.user_data == "#!/bin/sh\n"
    assert list(differences()) == []

    Server.objects.update(restored_from=None)  # as of a server that was made before this was kept
    import_module("imsconsole.cloud.migrations.0016_servers_of_backups").ask_their_jobs(apps, None)
    assert Server.objects.get(restored_from=backup) == made


def test_others_backups_are_not_there(people):
    backup = factories.BackupFactory(project=people.bob.project)
    with pytest.raises(NotFound):
        restore_to_new_server(backup, name="mine", flavor=tiny_flavor(), actor=people.carol)


@pytest.mark.slow(reason="a server is backed up, deleted and made anew from the page")
def test_from_the_page_of_a_backup_whose_server_is_gone(people, backup):
    client = client_of(people.bob)
    url = reverse("backups-restore-to-new", args=[backup.pk])
    assert url in client.get(reverse("backups:restore", args=[backup.pk])).content.decode()
    assert "web-restored" in client.get(url).content.decode()
    flavor = backup.flavor_id
    assert client.post(url, {"name": "a b", "flavor": flavor}).status_code == 422
    made = gone_through(client, url, {"name": "again", "flavor": flavor})
    run_jobs()
    server = Server.objects.existing().get(name="again")  # noqa: F811
    assert bare(made.url) == server.get_absolute_url()
    assert read_from(server.disks.get(index=2)) == "OLD"
