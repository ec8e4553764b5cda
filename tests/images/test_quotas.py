"""The store: bytes that several images and backups of a project are links to are stored once."""

from contextlib import ExitStack
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest

from images.models import Image, ImageDisk, ProjectBytes
from images.quotas import KEPT
from images.verify.store_check import differences
from imsconsole.accounts.models import Project
from imsconsole.cloud.models import Backup, StoredBytes
from imsconsole.core.now import now
from imsconsole.jobs.quotas import used_by
from tests import factories
from tests.support.at_once import at_once
from tests.support.plans import scans


@pytest.fixture
def project(people: SimpleNamespace) -> Project:
    return people.bob.project


def stored(project: Project) -> int:
    assert not any(each.wrong() for each in KEPT)
    return used_by(project, ["store_bytes"])["store_bytes"]


def link(project: Project, bytes_of: StoredBytes, **fields: Any) -> ImageDisk:
    """A disk of a new image: of these bytes."""
    image = factories.ImageFactory(project=project)
    return factories.ImageDiskFactory(image=image, stored=bytes_of, **{"size_bytes": 1000} | fields)


@pytest.mark.django_db
def test_links_count_once_while_one_is_there(project: Project) -> None:
    same = factories.StoredBytesFactory()
    one, other = link(project, same), link(project, same)
    assert stored(project) == 1000
    assert ProjectBytes.objects.get().links == 2
    Image.objects.filter(pk=one.image_id).update(status="deleted")
    assert stored(project) == 1000
    Image.objects.filter(pk=other.image_id).update(status="deleted")
    assert stored(project) == 0
    assert not ProjectBytes.objects.exists()
    Image.objects.filter(pk=one.image_id).update(status="active")
    assert stored(project) == 1000


@pytest.mark.django_db
def test_they_count_in_each_project(people: SimpleNamespace, project: Project) -> None:
    same = factories.StoredBytesFactory()
    mine, theirs = link(project, same), link(people.carol.project, same)
    assert (stored(project), stored(people.carol.project)) == (1000, 1000)
    Image.objects.filter(pk=theirs.image_id).update(project=project)
    assert (stored(project), stored(people.carol.project)) == (1000, 0)
    mine.image.delete()
    assert stored(project) == 1000


@pytest.mark.django_db
def test_the_largest_counts_as_long_as_it_is_there(project: Project) -> None:
    same = factories.StoredBytesFactory()
    link(project, same)
    large = link(project, same, size_bytes=5000)
    assert stored(project) == 5000
    large.delete()
    assert stored(project) == 1000
    ImageDisk.objects.update(size_bytes=7)
    assert stored(project) == 7


@pytest.mark.django_db
def test_images_of_nobody_take_no_quota(project: Project) -> None:
    factories.ImageDiskFactory(image=factories.PublicImageFactory())
    assert not ProjectBytes.objects.exists()


@pytest.mark.django_db
def test_a_backup_and_its_image_share_their_bytes(project: Project) -> None:
    backup = factories.BackupFactory(project=project)
    disk = factories.BackupDiskFactory(backup=backup, size_bytes=1000)
    assert stored(project) == 1000
    assert ProjectBytes.objects.get().type == "backup"
    image_disk = link(project, disk.stored)
    Image.objects.update(type="full")
    assert (stored(project), ProjectBytes.objects.get().type) == (1000, "full")
    assert used_by(project, ["full_bytes"])["full_bytes"] == 1000
    Backup.objects.update(deleted_at=now())
    assert stored(project) == 1000
    Image.objects.filter(pk=image_disk.image_id).update(status="deleted")
    assert stored(project) == 0
    Backup.objects.update(deleted_at=None)
    assert stored(project) == 1000
    backup.disks.update(size_bytes=0, stored=None)
    assert stored(project) == 0


@pytest.mark.django_db
def test_a_difference_is_said_and_put_right(project: Project) -> None:
    for number in range(4):
        link(project, factories.StoredBytesFactory(), size_bytes=1000 + number)
    lost, wrong, _right, _too = ProjectBytes.objects.all()
    lost.delete()
    ProjectBytes.objects.filter(pk=wrong.pk).update(links=7)
    ProjectBytes.objects.create(project=project, bytes_id=uuid4(), type="iso", links=1, size_bytes=5)
    said = [each for each in differences() if "stored files" in each.what]
    assert [each.what for each in said] == [
        f"project {project.pk}: 3 stored files are not as they were noted"
    ]
    said[0].repair()
    assert stored(project) == 4006
    ProjectBytes.objects.all().delete()
    for kept in KEPT:
        kept.fill()
    assert (stored(project), ProjectBytes.objects.count()) == (4006, 4)


@pytest.mark.django_db
def test_no_trigger_reads_a_table_from_end_to_end(project: Project) -> None:
    disk = link(project, factories.StoredBytesFactory())
    backup_disk = factories.BackupDiskFactory(backup=factories.BackupFactory(project=project))
    tables = ("images_image", "images_imagedisk", "images_projectbytes", "cloud_backup", "cloud_backupdisk")
    with ExitStack() as stack:
        found = [stack.enter_context(scans(table)) for table in (*tables, "jobs_quotachange")]
        link(project, disk.stored)
        ImageDisk.objects.filter(pk=disk.pk).update(size_bytes=3)
        Image.objects.filter(pk=disk.image_id).update(status="deleted")
        Backup.objects.filter(pk=backup_disk.backup_id).update(deleted_at=now())
    assert found == [[]] * len(found)


@pytest.mark.slow(reason="many transactions of many threads")
@pytest.mark.django_db(transaction=True)
def test_the_last_links_that_go_at_the_same_time_leave_nothing(project: Project) -> None:
    """Neither may think that the other's is still there."""
    for _ in range(5):
        same = factories.StoredBytesFactory()
        links = [link(project, same) for _ in range(6)]
        at_once(
            *(
                lambda pk=each.image_id: Image.objects.filter(pk=pk).update(status="deleted")
                for each in links[:5]
            ),
            lambda same=same: link(project, same),
        )
        assert ProjectBytes.objects.get(bytes_id=same.pk).links == 2
    assert stored(project) == 5000
