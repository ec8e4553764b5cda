"""Full-ECS images before their bytes are there: what their rows say, and what is refused."""

import pytest

from images.capture.full.rules import can_capture_full_into, can_make_of_backup
from images.capture.full.services import capture_full, make_of_backup
from images.models import Image
from imsconsole.cloud.backups.rules import can_become_image
from imsconsole.cloud.models import BytesUse, Server, Vault
from imsconsole.core.rules import Refused
from imsconsole.jobs.models import Job
from tests.factories import (
    BackupDiskFactory,
    BackupFactory,
    DiskFactory,
    ImageFactory,
    KeyFactory,
    ServerFactory,
    VaultFactory,
)


def told(image: Image) -> tuple:
    return (image.name, image.type, image.status, image.min_disk_gb, image.parent, image.key)


def inherited(image: Image) -> tuple:
    return (
        image.use,
        image.os_version,
        image.os_detected,
        image.cloud_init,
        image.architecture,
        image.boot_mode,
    )


def features(image: Image) -> tuple:
    return (image.nic_multi_queue, image.secure_boot, image.tpm)


def test_an_image_of_a_server_says_what_its_system_says_and_where_it_comes_from_r6_r73(people):
    vault = VaultFactory(project=people.bob.project, capacity_gb=50)
    system, key = {"os_detected": True, "cloud_init": True}, KeyFactory(project=people.bob.project)
    origin = ImageFactory(project=people.bob.project, use="bms", **system)
    machine = {"ref": "there", "architecture": "arm", "boot_mode": "uefi"}
    server = ServerFactory(project=people.bob.project, image=origin, **machine)
    disk = DiskFactory(
        server=server, size_gb=3, ref="there", key=key, multi_queue=True, secure_boot=True, tpm=True
    )
    for actor, wanted, code in (
        (people.dave, {}, "read-only"),
        (people.bob, {"min_ram_mb": 2, "max_ram_mb": 1}, "memory-range"),
        (people.bob, {"tags": {str(n): "" for n in range(11)}}, "too-many-tags"),
    ):
        with pytest.raises(Refused, match=code):
            capture_full(server, vault=vault, name="whole", actor=actor, **wanted)
    image = capture_full(server, vault=vault, name="whole", tags={"team": "web"}, actor=people.bob)
    assert told(image) == ("whole", "full", "saving", 3, origin, key)
    assert inherited(image) == ("bms", origin.os_version, True, True, "arm", "uefi")
    assert (features(image), image.source_name, image.tag_values) == (
        (True,) * 3,
        server.name,
        {"team": "web"},
    )
    assert (image.source_kind, image.source_id, image.created_by) == ("server", server.pk, people.bob.user)
    job, saved = Job.objects.get(), image.backup.disks.get()
    assert (job.kind, job.subject_id, saved.disk_id) == ("image.capture-full", image.pk, disk.pk)
    assert list(job.args["disks"]) == [str(saved.pk)]
    with_facts = Vault.objects.with_facts().get()
    assert can_capture_full_into(Server.objects.get(), with_facts, people.bob).code == "server-task"
    Server.objects.update(task="")
    people.bob.project.quotas = {"images": 2}
    assert can_capture_full_into(Server.objects.get(), with_facts, people.bob).code == "quota-images"


def test_an_image_of_a_backup_holds_it_and_its_bytes_and_no_second_is_made_r68(people):
    backup = BackupFactory(project=people.bob.project)
    disk, data = (BackupDiskFactory(backup=backup, index=index, size_gb=2 + index) for index in (0, 1))
    assert can_become_image(backup, people.dave).code == "read-only"
    with pytest.raises(Refused, match="read-only"):
        make_of_backup(backup, name="whole", actor=people.dave)
    people.bob.project.quotas = {"images": 1}
    assert can_make_of_backup(backup, people.bob).code == "quota-images"
    image = make_of_backup(backup, name="whole", actor=people.bob)
    assert told(image) == ("whole", "full", "saving", 2, backup.image, None)
    assert (image.source_kind, image.source_id) == ("backup", backup.pk)
    job = Job.objects.live().touching(backup.pk).get()
    assert (job.subject_id, job.args["backup_id"]) == (image.pk, str(backup.pk))
    assert set(job.args["disks"]) == {str(disk.pk), str(data.pk)}
    assert set(BytesUse.objects.values_list("stored", flat=True)) == {disk.stored_id, data.stored_id}
    assert can_make_of_backup(backup, people.bob).code == "backup-has-image"
