"""Buckets: their names, who makes and deletes them, what the list shows."""

import csv
from io import StringIO

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from imsconsole.audit.models import Event
from imsconsole.cloud.buckets.names import bucket_name
from imsconsole.cloud.buckets.services import create_bucket, delete_bucket
from imsconsole.cloud.models import Bucket
from imsconsole.core.errors import NotFound
from imsconsole.core.rules import Refused
from imsconsole.jobs.quotas import used_by
from tests.conftest import client_of
from tests.factories import BucketFactory, BucketObjectFactory
from tests.support.at_once import DONE, at_once


@pytest.mark.parametrize("name", ["abc", "a-b", "1a2", "my.images.2026", "a--b", "x" * 63, "1.2.3"])
def test_names_of_obs_are_accepted(name) -> None:
    bucket_name(name)


@pytest.mark.parametrize(
    "name",
    ["ab", "x" * 64, "Abc", "a_b", "-abc", "abc-", ".abc", "abc.", "a..b", "a.-b", "a-.b", "a b", "桶桶桶", "abc\n",
     "192.168.1.1"],
)  # fmt: skip
def test_other_names_are_refused(name) -> None:
    with pytest.raises(ValidationError):
        bucket_name(name)


def test_a_name_is_the_only_one_on_the_platform(people) -> None:
    create_bucket(name="images", storage_class="standard", actor=people.bob)
    with pytest.raises(Refused, match="bucket-name-taken"):
        create_bucket(name="images", storage_class="standard", actor=people.carol)
    create_bucket(name="images-2", storage_class="standard", actor=people.carol)
    with pytest.raises(Refused, match="read-only"):
        create_bucket(name="other", storage_class="standard", actor=people.dave)


def test_the_number_of_buckets_is_limited_by_the_quota(people) -> None:
    people.bob.project.quotas = {"buckets": 1}
    people.bob.project.save(update_fields=["quotas"])
    create_bucket(name="one", storage_class="cold", actor=people.bob)
    assert used_by(people.bob.project, ["buckets"])["buckets"] == 1
    with pytest.raises(Refused, match="quota-buckets"):
        create_bucket(name="two", storage_class="cold", actor=people.alice)


@pytest.mark.django_db(transaction=True)
def test_of_two_who_choose_a_name_at_once_one_gets_it(people) -> None:
    for number in range(4):
        outcomes = at_once(
            *[
                lambda actor=actor, number=number: create_bucket(
                    name=f"wanted-{number}", storage_class="standard", actor=actor
                )
                for actor in (people.bob, people.carol)
            ]
        )
        assert sorted(outcomes) == sorted([DONE, "bucket-name-taken"])


def test_only_an_empty_bucket_of_ones_own_is_deleted(people) -> None:
    bucket = BucketFactory(project=people.bob.project)
    held = BucketObjectFactory(bucket=bucket, state="arriving")
    with pytest.raises(Refused, match="bucket-not-empty"):
        delete_bucket(bucket, actor=people.bob)
    held.delete()
    with pytest.raises(NotFound):
        delete_bucket(bucket, actor=people.carol)
    delete_bucket(bucket, actor=people.bob)
    assert not Bucket.objects.exists()
    assert Event.objects.get(action="deleteBucket").resource_id == str(bucket.pk)
    create_bucket(name=bucket.name, storage_class="standard", actor=people.carol)


def test_a_bucket_is_made_and_deleted_on_its_pages(people) -> None:
    client, url = client_of(people.bob), reverse("buckets:create")
    assert client.post(url, {"name": "Bad Name", "storage_class": "standard"}).status_code == 422
    assert client.post(url, {"name": "good", "storage_class": "hot"}).status_code == 422
    assert client.post(url, {"name": "good", "storage_class": "warm"}).status_code == 302
    bucket = Bucket.objects.get()
    assert (bucket.storage_class, bucket.created_by) == ("warm", people.bob.user)
    assert client.post(url, {"name": "good", "storage_class": "warm"}).status_code == 409
    assert client.get(reverse("buckets:delete", args=[bucket.pk])).status_code == 200
    assert client.post(reverse("buckets:delete", args=[bucket.pk])).status_code == 302
    assert not Bucket.objects.exists()


def test_the_list_finds_by_name_and_class_and_tells_how_much_is_in_each(people) -> None:
    full = BucketFactory(project=people.bob.project, name="full")
    BucketObjectFactory.create_batch(2, bucket=full, size_bytes=1024)
    BucketObjectFactory(bucket=full, state="arriving", size_bytes=10**6)
    BucketFactory(project=people.bob.project, name="archive", storage_class="cold")
    BucketFactory(project=people.carol.project, name="theirs")
    client, url = client_of(people.dave), reverse("buckets:list")
    rows = client.get(url, {"sort": "-stored_bytes"}).context["table"].paginated_rows
    assert [(row.record.name, row.record.objects_count, row.get_cell("stored_bytes")) for row in rows] == [
        ("full", 2, "2 KiB"),
        ("archive", 0, "0 B"),
    ]
    found = client.get(url, {"storage_class": "cold", "q": "ARCH"}).content.decode()
    assert "archive" in found
    assert ">full<" not in found
    lines = (
        client.get(reverse("buckets:export"), {"storage_class": "standard"}).getvalue().decode("utf-8-sig")
    )
    exported = list(csv.DictReader(StringIO(lines)))
    assert [(row["Bucket name"], row["Objects"], row["Used (bytes)"]) for row in exported] == [
        ("full", "2", "2048")
    ]


@pytest.mark.slow(reason="the queries of a page are counted with few rows and with many")
def test_the_lists_cost_the_same_for_1_and_100_rows(people) -> None:
    client = client_of(people.bob)
    bucket = BucketFactory(project=people.bob.project)
    BucketObjectFactory(bucket=bucket, created_by=people.bob.user)
    urls = [
        reverse("buckets:list") + "?per_page=100&columns=created_by",
        f"{bucket.get_absolute_url()}?per_page=100",
    ]

    def costs() -> list[int]:
        found = []
        for url in urls:
            with CaptureQueriesContext(connection) as captured:
                assert client.get(url).status_code == 200
            found.append(len(captured))
        return found

    costs()
    few = costs()
    BucketFactory.create_batch(99, project=people.bob.project, created_by=people.bob.user)
    BucketObjectFactory.create_batch(99, bucket=bucket, created_by=people.alice.user)
    BucketObjectFactory.create_batch(9, bucket=bucket, key="x", state="arriving")
    assert costs() == few
