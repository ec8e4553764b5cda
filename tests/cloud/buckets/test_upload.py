"""Objects on their way in: names, quota, replacing, what goes wrong, two at once."""

import errno
import hashlib
import os
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from images.uploads.rules import can_upload
from imsconsole.audit.models import Event
from imsconsole.cloud.buckets.arrivals import Arrival
from imsconsole.cloud.buckets.names import object_key
from imsconsole.cloud.buckets.services import delete_bucket
from imsconsole.cloud.buckets.store import incoming_ids, open_object, stored_ids
from imsconsole.cloud.buckets.sweep import objects_without_bytes, ownerless_bytes, sweep_objects
from imsconsole.cloud.models import Bucket, BucketObject
from imsconsole.core import now as clock
from imsconsole.core.errors import Conflict, NoSpace, NotFound
from imsconsole.core.project_urls import bare
from imsconsole.core.room import SPARE_BYTES
from imsconsole.core.rules import Refused
from imsconsole.jobs.quotas import used_by
from tests.cloud.buckets.making import stored
from tests.conftest import client_of
from tests.factories import BucketFactory
from tests.support.at_once import DONE, at_once
from tests.support.faults import free_space


@pytest.fixture
def bucket(people) -> Bucket:
    return BucketFactory(project=people.bob.project)


def post(
    client: Client,
    bucket: Bucket,
    name: str = "disk.raw",
    content: bytes = b"content",
    folder: str = "",
    **more,
):
    url = reverse("buckets:upload", args=[bucket.pk])
    return client.post(url, {"folder": folder, "file": SimpleUploadedFile(name, content)}, **more)


def nothing_is_left() -> bool:
    return not (BucketObject.objects.exists() or list(stored_ids()) or list(incoming_ids()))


# names ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "key", ["a", "a/b/c.qcow2", "磁盘 镜像.raw", "x" * 1024, "...", "a/..b", "<b>.html", "😀"]
)
def test_usual_and_odd_names_are_accepted(key) -> None:
    object_key(key)


@pytest.mark.parametrize("key", ["", "/", "/a", "a/", "a//b", "../a", "a/./b", "a/..", "a\nb", "a\0b", "x" * 1025, "桶" * 342])  # fmt: skip
def test_names_without_a_place_are_refused(key) -> None:
    with pytest.raises(ValidationError):
        object_key(key)


@pytest.mark.slow(reason="hundreds of cases are made up")
@given(st.text(max_size=1100))
def test_whatever_is_accepted_fits_and_can_be_taken_apart(key) -> None:
    try:
        object_key(key)
    except ValidationError:
        return
    kept = BucketObject(key=key)
    assert 0 < len(key.encode()) <= 1024
    assert kept.prefix + kept.name == key
    assert kept.name


# the form ---------------------------------------------------------------------------------------------


def test_a_file_becomes_an_object_with_its_hash_under_a_name_of_ours(people, bucket) -> None:
    content = hashlib.sha256(b"seed").digest() * 100_000  # more than one piece
    answer = post(client_of(people.bob), bucket, "../../etc/磁盘.qcow2", content, folder="/a/b/")
    assert answer.status_code == 302
    assert bare(answer["Location"]) == f"{bucket.get_absolute_url()}?prefix=a%2Fb%2F"
    kept = BucketObject.objects.get()
    assert (kept.key, kept.size_bytes, kept.created_by) == ("a/b/磁盘.qcow2", len(content), people.bob.user)
    assert kept.sha256 == hashlib.sha256(content).hexdigest()
    with open_object(kept) as file:
        assert file.read() == content
    assert list(stored_ids()) == [kept.pk.hex]
    assert list(incoming_ids()) == []
    event = Event.objects.get(action="uploadObject")
    assert (event.resource_name, event.page) == (kept.key, kept.get_absolute_url())


def test_an_empty_file_is_an_object_too(people, bucket) -> None:
    assert post(client_of(people.bob), bucket, content=b"").status_code == 302
    assert BucketObject.objects.get().sha256 == hashlib.sha256(b"").hexdigest()


def test_what_cannot_be_kept_leaves_nothing(people, bucket) -> None:
    bob = client_of(people.bob)
    refused = post(bob, bucket, folder="a/../b")
    assert refused.status_code == 422
    assert "must not be empty" in refused.content.decode()
    assert post(bob, bucket, name="x" * 255, folder="y" * 900).status_code == 422
    assert post(client_of(people.dave), bucket).status_code == 409
    assert post(client_of(people.carol), bucket).status_code == 404
    assert bob.post(reverse("buckets:upload", args=[bucket.pk]), {"folder": "a"}).status_code == 409
    assert nothing_is_left()
    assert used_by(people.bob.project)["bucket_bytes"] == 0


def test_without_its_token_a_file_is_thrown_away(people, bucket) -> None:
    client = client_of(people.bob, enforce_csrf_checks=True)
    assert post(client, bucket).status_code == 403
    assert nothing_is_left()


# quota and room ---------------------------------------------------------------------------------------


def test_the_quota_is_reserved_before_the_first_byte_and_given_back(people, bucket) -> None:
    people.bob.project.quotas = {"bucket_bytes": 1000}
    people.bob.project.save(update_fields=["quotas"])
    arrival = Arrival(bucket, key="a", size_bytes=800, actor=people.bob)
    assert used_by(people.bob.project)["bucket_bytes"] == 800
    with pytest.raises(Refused, match="quota-bucket-bytes"):
        Arrival(bucket, key="b", size_bytes=201, actor=people.alice)
    arrival.feed(b"x" * 10)
    arrival.keep()
    assert used_by(people.bob.project)["bucket_bytes"] == 10
    with pytest.raises(Conflict, match="upload-longer"):
        _abandoned(Arrival(bucket, key="b", size_bytes=3, actor=people.bob), b"four")
    assert used_by(people.bob.project)["bucket_bytes"] == 10
    assert "quota" in post(client_of(people.bob), bucket, content=b"x" * 2000).content.decode()


def _abandoned(arrival: Arrival, content: bytes) -> None:
    try:
        arrival.feed(content)
    finally:
        arrival.abandon()


def test_a_full_disk_says_so_and_leaves_nothing(people, bucket, monkeypatch) -> None:
    arrival = Arrival(bucket, key="a", size_bytes=10, actor=people.bob)

    def full(*_args: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("imsconsole.cloud.buckets.arrivals.os.fsync", full)
    with pytest.raises(NoSpace):
        arrival.keep()
    assert nothing_is_left()
    with free_space(SPARE_BYTES), pytest.raises(Refused, match="no-space"):
        Arrival(bucket, key="a", size_bytes=10, actor=people.bob)
    assert nothing_is_left()


def test_what_was_announced_to_others_is_not_free(people, bucket) -> None:
    with free_space(SPARE_BYTES + 3 * 4096):
        first = Arrival(bucket, key="a", size_bytes=2 * 4096, actor=people.bob)
        with pytest.raises(Refused, match="no-space"):
            Arrival(bucket, key="b", size_bytes=2 * 4096, actor=people.alice)
        assert can_upload(people.bob, 2 * 4096).code == "no-room"
        first.feed(b"x" * 4096)
        Arrival(bucket, key="b", size_bytes=2 * 4096, actor=people.alice).abandon()
        first.abandon()
    assert nothing_is_left()


# replacing --------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_new_version_replaces_the_old_whose_readers_read_on(people, bucket) -> None:
    old = stored(bucket, people.bob, content=b"old")
    with open_object(old) as reader:
        new = stored(bucket, people.alice, content=b"new one")
        assert reader.read() == b"old"
    assert list(BucketObject.objects.values_list("pk", flat=True)) == [new.pk]
    assert list(stored_ids()) == [new.pk.hex]
    assert client_of(people.bob).get(old.get_absolute_url()).status_code == 404
    assert new.sha256 != old.sha256


@pytest.mark.django_db(transaction=True)
def test_of_many_who_upload_the_same_name_at_once_one_is_left_whole(people, bucket) -> None:
    contents = [bytes([number]) * 1000 for number in range(6)]
    outcomes = at_once(
        *[lambda content=content: stored(bucket, people.bob, content=content) for content in contents]
    )
    assert outcomes == [DONE] * len(contents)
    kept = BucketObject.objects.get()
    with open_object(kept) as file:
        assert hashlib.sha256(file.read()).hexdigest() == kept.sha256
    assert list(stored_ids()) == [kept.pk.hex]


@pytest.mark.django_db(transaction=True)
def test_a_bucket_is_not_deleted_under_an_upload(people) -> None:
    for number in range(4):
        bucket = BucketFactory(project=people.bob.project)
        uploaded, deleted = at_once(
            lambda bucket=bucket: stored(bucket, people.bob),
            lambda bucket=bucket: delete_bucket(bucket, actor=people.alice),
        )
        assert (uploaded, deleted) in ((DONE, "bucket-not-empty"), ("not-found", DONE)), number


# what a crash leaves ----------------------------------------------------------------------------------


def test_what_a_crash_leaves_is_removed_by_the_clock_and_nothing_else(people, bucket) -> None:
    whole = stored(bucket, people.bob, "whole")
    dead = Arrival(bucket, key="dead", size_bytes=10, actor=people.bob)
    dead.feed(b"x")
    placed = stored(bucket, people.bob, "placed")  # killed between the bytes and the row
    BucketObject.objects.filter(pk=placed.pk).update(state="arriving")
    orphan = stored(bucket, people.bob, "orphan")
    BucketObject.objects.filter(pk=orphan.pk).delete()
    assert list(ownerless_bytes()) == [orphan.pk]
    sweep_objects()
    assert set(stored_ids()) == {whole.pk.hex, placed.pk.hex}
    assert list(incoming_ids()) == [dead.row.pk.hex]
    clock.move(timedelta(hours=2))
    alive = Arrival(bucket, key="alive", size_bytes=10, actor=people.bob)
    sweep_objects()
    assert set(stored_ids()) == {whole.pk.hex}
    assert set(BucketObject.objects.values_list("pk", flat=True)) == {whole.pk, alive.row.pk}
    with pytest.raises(NotFound):
        dead.keep()
    assert list(incoming_ids()) == [alive.row.pk.hex]
    alive.abandon()


def test_an_object_whose_bytes_are_gone_is_told(people, bucket) -> None:
    kept = stored(bucket, people.bob)
    assert list(objects_without_bytes()) == []
    with open_object(kept) as file:
        path = file.name
    os.unlink(path)
    assert list(objects_without_bytes()) == [kept]
    answer = client_of(people.bob).get(reverse("buckets:download", args=[kept.pk]))
    assert answer.status_code == 404
    assert "missing" in answer.content.decode()
