"""What is used of quotas is noted by the database itself: whatever writes, it is what is there."""

from collections.abc import Callable
from types import SimpleNamespace

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from images.models import Image, ProjectBytes
from images.verify.store_check import differences
from imsconsole.accounts.models import Project
from imsconsole.cloud.models import BucketObject, Disk, Server, Vault
from imsconsole.core.now import now
from imsconsole.core.triggers import drop_triggers
from imsconsole.jobs import counters
from imsconsole.jobs.counters import is_counting, recount, sum_up, wrong_amounts
from imsconsole.jobs.models import QuotaChange
from imsconsole.jobs.quotas import used_by
from tests import factories
from tests.support.at_once import at_once


@pytest.fixture
def project(people: SimpleNamespace) -> Project:
    return people.bob.project


def everything_of(project: Project) -> None:
    """Two of each, of sizes that differ."""
    for number in (1, 2):
        factories.FlavorFactory(name=f"s-{number}", vcpus=number, memory_mb=100 * number)
        image = factories.ImageFactory(project=project, name=f"image-{number}")
        factories.ImageDiskFactory(image=image, size_bytes=1000 * number)
        server = factories.ServerFactory(project=project, image=image, flavor_id=f"s-{number}")
        factories.DiskFactory(server=server, size_gb=number)
        factories.UploadFactory(project=project, size_bytes=10 * number, expires_at=now())
        factories.VaultFactory(project=project, capacity_gb=number)
        bucket = factories.BucketFactory(project=project)
        factories.BucketObjectFactory(bucket=bucket, size_bytes=7 * number)


ALL = {
    "images": 2, "servers": 2, "vcpus": 3, "memory_mb": 300, "disks": 2, "disk_gb": 3, "store_bytes": 3000, "vault_gb": 3,
    "upload_bytes": 30, "buckets": 2, "bucket_bytes": 21,
}  # fmt: skip


@pytest.mark.django_db
def test_rows_count_for_their_project(people: SimpleNamespace, project: Project) -> None:
    everything_of(project)
    assert used_by(project) == ALL
    assert set(used_by(people.carol.project).values()) == {0}


@pytest.mark.django_db
def test_servers_count_by_the_flavor_they_have(project: Project) -> None:
    everything_of(project)
    Server.objects.update(flavor="s-2")
    assert (used_by(project)["vcpus"], used_by(project)["memory_mb"]) == (4, 400)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("write", "less"),
    [
        (lambda: Server.objects.update(deleted_at=now()), {"servers": 2, "vcpus": 3, "memory_mb": 300}),
        (lambda: Disk.objects.update(size_gb=1), {"disk_gb": 1}),
        (lambda: Disk.objects.filter(size_gb=2).delete(), {"disks": 1, "disk_gb": 2}),
        (lambda: Vault.objects.filter(capacity_gb=1).update(deleted_at=now()), {"vault_gb": 1}),
        (lambda: BucketObject.objects.bulk_update(smaller(), ["size_bytes"]), {"bucket_bytes": 19}),
        (lambda: by_hand("DELETE FROM images_upload WHERE size_bytes = 20"), {"upload_bytes": 20}),
        (lambda: Image.objects.filter(name="image-2").update(status="deleted"), {"images": 1, "store_bytes": 2000}),
    ],
)  # fmt: skip
def test_whatever_writes_is_counted(
    project: Project, write: Callable[[], object], less: dict[str, int]
) -> None:
    everything_of(project)
    write()
    assert used_by(project) == {resource: amount - less.get(resource, 0) for resource, amount in ALL.items()}
    assert wrong_amounts() == []


def smaller() -> list[BucketObject]:
    objects = list(BucketObject.objects.all())
    for each in objects:
        each.size_bytes = 1
    return objects


def by_hand(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


@pytest.mark.django_db
def test_what_changes_hands_counts_for_who_has_it(people: SimpleNamespace, project: Project) -> None:
    everything_of(project)
    Image.objects.update(project=people.carol.project)
    assert (used_by(project)["images"], used_by(project)["store_bytes"]) == (0, 0)
    theirs = used_by(people.carol.project)
    assert (theirs["images"], theirs["store_bytes"]) == (2, 3000)


@pytest.mark.django_db
def test_what_is_rolled_back_was_not(project: Project) -> None:
    with transaction.atomic():
        everything_of(project)
        transaction.set_rollback(True)
    assert not QuotaChange.objects.exists()
    assert not ProjectBytes.objects.exists()


@pytest.mark.django_db
def test_a_write_that_changes_nothing_notes_nothing(project: Project) -> None:
    everything_of(project)
    before = QuotaChange.objects.count()
    for image in Image.objects.all():
        image.save()
    Image.objects.update(status="frozen")
    assert QuotaChange.objects.count() == before


# summed up -------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_clock_makes_one_of_many(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counters, "AT_ONCE", 3)
    for number in range(7):
        factories.ImageFactory(project=project, name=f"{number}")
    Image.objects.filter(name="0").update(status="deleted")
    sum_up()
    assert list(QuotaChange.objects.values_list("resource", "amount")) == [("images", 6)]
    sum_up()
    assert used_by(project)["images"] == 6


@pytest.mark.slow(reason="many transactions of many threads")
@pytest.mark.django_db(transaction=True)
def test_what_is_written_while_it_is_summed_up_counts_once(project: Project) -> None:
    factories.OsVersionFactory()

    def write() -> None:
        for number in range(10):
            with transaction.atomic():
                image = factories.ImageFactory(project=project)
                if number % 2:
                    Image.objects.filter(pk=image.pk).update(status="deleted")

    at_once(*[write] * 4, *[sum_up] * 8, *[recount] * 4)
    assert used_by(project)["images"] == 20
    sum_up()
    assert QuotaChange.objects.get(resource="images").amount == 20


# compared --------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_difference_is_said_and_put_right(project: Project) -> None:
    everything_of(project)
    QuotaChange.objects.filter(resource="images").first().delete()
    QuotaChange.objects.create(project=project, resource="vcpus", amount=5)
    said = [each for each in differences() if "uses" in each.what]
    assert sorted(each.what for each in said) == [
        f"project {project.pk} uses 2 of images, but 1 was noted",
        f"project {project.pk} uses 3 of vcpus, but 8 was noted",
    ]
    for each in said:
        each.repair()
    assert used_by(project) == ALL


@pytest.mark.django_db(transaction=True)
def test_what_came_while_nothing_counted_is_counted_afterwards(project: Project) -> None:
    drop_triggers()
    everything_of(project)
    assert set(used_by(project).values()) == {0}
    assert not is_counting()
    first, *_ = (each for each in differences() if "does not count" in each.what)
    first.repair()
    assert is_counting()
    assert used_by(project) == ALL


@pytest.mark.django_db
def test_migrations_leave_the_triggers_of_the_present_code(project: Project) -> None:
    assert is_counting()
    by_hand(
        "DROP TRIGGER ims_count_images_image_insert"
        + (" ON images_image" if connection.vendor == "postgresql" else "")
    )
    assert not is_counting()
    factories.ImageFactory(project=project)
    call_command("migrate", verbosity=0)
    assert is_counting()
    assert used_by(project)["images"] == 1


@pytest.mark.django_db
def test_a_migration_that_fails_leaves_the_triggers_too() -> None:
    with pytest.raises(CommandError):
        call_command("migrate", "images", "no_such_migration", verbosity=0)
    assert is_counting()
