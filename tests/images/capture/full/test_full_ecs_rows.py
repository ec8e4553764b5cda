"""Full-ECS images before their bytes are there: what their rows say, and what is refused."""

import pytest

from images.capture.full.rules import can_make_of_backup
from images.capture.full.services import capture_full, make_of_backup
from images.models import Image
from imsconsole.cloud.models import BytesUse
from imsconsole.core.rules import Refused
from imsconsole.jobs.models import Job
from tests.factories import (
    BackupDiskFactory,
    BackupFactory,
    DiskFactory,
    ImageFactory,
    OsVersionFactory,
    ServerFactory,
    VaultFactory,
)


def told(image: Image) -> tuple:
    return (image.name, image.use, image.os_detected, image.architecture, image.tpm, image.min_disk_gb)


def test_an_image_of_a_server_says_what_its_system_says_and_where_it_comes_from_r6_r73(people):
    vault = VaultFactory(project=people.bob.project, capacity_gb=50)
    origin = ImageFactory(
        project=people.bob.project, use="bms", os_version=OsVersionFactory(), os_detected=True
    )
    server = ServerFactory(
        project=people.bob.project, image=origin, ref="there", architecture="arm", boot_mode="uefi"
    )
    disk = DiskFactory(server=server, size_gb=3, tpm=True, ref="there")
    with pytest.raises(Refused, match="read-only"):
        capture_full(server, vault=vault, name="whole", actor=people.dave)
    image = capture_full(server, vault=vault, name="whole", actor=people.bob)
    assert told(image) == ("whole", "bms", True, "arm", True, 3)
    assert (image.source_kind, image.source_id, image.created_by) == ("server", server.pk, people.bob.user)
    job, saved = Job.objects.get(), image.backup.disks.get()
    assert (job.kind, job.subject_id, saved.disk_id) == ("image.capture-full", image.pk, disk.pk)
    assert list(job.args["disks"]) == [str(saved.pk)]
    with pytest.raises(Refused, match="server-task"):
        capture_full(server, vault=vault, name="second", actor=people.bob)


def test_an_image_of_a_backup_holds_it_and_its_bytes_and_no_second_is_made_r68(people):
    backup = BackupFactory(project=people.bob.project)
    disk = BackupDiskFactory(backup=backup, size_gb=2)
    image = make_of_backup(backup, name="whole", actor=people.bob)
    assert told(image) == ("whole", "ecs", False, "x86", False, 2)
    assert (image.source_kind, image.source_id) == ("backup", backup.pk)
    job = Job.objects.live().touching(backup.pk).get()
    assert (job.subject_id, BytesUse.objects.get(job=job).stored) == (image.pk, disk.stored)
    assert can_make_of_backup(backup, people.bob).code == "backup-has-image"
