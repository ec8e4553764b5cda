"""What a bucket shows: folders, objects, a search, a selection; deleting one and many."""

import csv
from io import StringIO

import pytest
from django.urls import reverse

from imsconsole.accounts.actor import Actor
from imsconsole.audit.models import Event
from imsconsole.cloud.buckets.services import delete_object
from imsconsole.cloud.buckets.store import stored_ids
from imsconsole.cloud.models import Bucket, BucketObject
from imsconsole.core.errors import NotFound
from imsconsole.core.project_urls import bare
from tests.cloud.buckets.making import stored
from tests.conftest import client_of
from tests.factories import BucketFactory, BucketObjectFactory, MembershipFactory
from tests.support.at_once import DONE, at_once
from tests.support.clients import at

KEYS = ["top.raw", "a/one.raw", "a/two.raw", "a/b/deep.raw", "A/other.raw", "a%_/odd.raw", "ab.raw"]


@pytest.fixture
def bucket(people) -> Bucket:
    bucket = BucketFactory(project=people.bob.project)
    for key in KEYS:
        BucketObjectFactory(bucket=bucket, key=key, size_bytes=10)
    BucketObjectFactory(bucket=bucket, key="a/arriving.raw", state="arriving")
    return bucket


def shown(people, bucket: Bucket, **query: str) -> tuple[list[str], dict[str, int]]:
    context = client_of(people.dave).get(bucket.get_absolute_url(), query).context
    keys = sorted(row.record.key for row in context["table"].paginated_rows)
    return keys, {folder["prefix"]: folder["count"] for folder in context["folders"]}


def test_a_place_shows_its_own_objects_and_folders(people, bucket) -> None:
    assert shown(people, bucket) == (["ab.raw", "top.raw"], {"A/": 1, "a/": 3, "a%_/": 1})
    assert shown(people, bucket, prefix="a/") == (["a/one.raw", "a/two.raw"], {"a/b/": 1})
    assert shown(people, bucket, prefix="A") == (["A/other.raw"], {})
    assert shown(people, bucket, prefix="a%_/") == (["a%_/odd.raw"], {})
    assert shown(people, bucket, prefix="none/") == ([], {})


def test_a_search_finds_below_the_place(people, bucket) -> None:
    assert shown(people, bucket, q="O") == (
        ["A/other.raw", "a%_/odd.raw", "a/one.raw", "a/two.raw", "top.raw"],
        {},
    )
    assert shown(people, bucket, q="raw", prefix="a/") == (["a/b/deep.raw", "a/one.raw", "a/two.raw"], {})
    assert shown(people, bucket, q="%") == (["a%_/odd.raw"], {})


def test_the_file_of_a_place_has_what_is_shown_and_runs_no_formulas(people, bucket) -> None:
    BucketObjectFactory(bucket=bucket, key="a/=1+1")
    url = reverse("buckets:export-objects", args=[bucket.pk])
    text = client_of(people.dave).get(url, {"prefix": "a/"}).getvalue().decode("utf-8-sig")
    assert sorted(row["Object name"] for row in csv.DictReader(StringIO(text))) == [
        "a/=1+1",
        "a/one.raw",
        "a/two.raw",
    ]
    BucketObjectFactory(bucket=bucket, key="=1+1")
    text = client_of(people.dave).get(url).getvalue().decode()
    assert "'=1+1" in text


def test_names_are_shown_as_text(people, bucket) -> None:
    BucketObjectFactory(bucket=bucket, key="<img src=x>.raw")
    BucketObjectFactory(bucket=bucket, key="<b>/x.raw")
    page = client_of(people.dave).get(bucket.get_absolute_url()).content.decode()
    assert "&lt;img src=x&gt;.raw" in page
    assert "<img src=x>" not in page
    assert "<b>/" not in page
    assert "?prefix=%3Cb%3E%2F" in page


def test_a_file_is_uploaded_to_the_folder_that_is_shown(people, bucket) -> None:
    page = client_of(people.bob).get(bucket.get_absolute_url(), {"prefix": "a/"}).content.decode()
    assert f'/buckets/{bucket.pk}/upload/?prefix=a%2F"' in page


@pytest.mark.django_db(transaction=True)
def test_an_object_is_deleted_with_its_bytes(people) -> None:
    kept = stored(BucketFactory(project=people.bob.project), people.bob)
    url = reverse("buckets:delete-object", args=[kept.pk])
    assert client_of(people.carol).post(url).status_code == 404
    assert client_of(people.dave).post(url).status_code == 409
    with pytest.raises(NotFound):
        delete_object(kept, actor=people.carol)
    assert list(stored_ids()) == [kept.pk.hex]
    assert client_of(people.bob).get(url).status_code == 200
    assert client_of(people.bob).post(url).status_code == 302
    assert list(stored_ids()) == []
    assert not BucketObject.objects.exists()
    assert Event.objects.get(action="deleteObject").resource_name == kept.key


@pytest.mark.django_db(transaction=True)
def test_of_two_who_delete_an_object_at_once_one_does(people) -> None:
    kept = stored(BucketFactory(project=people.bob.project), people.bob)
    outcomes = at_once(
        *[lambda actor=actor: delete_object(kept, actor=actor) for actor in (people.alice, people.bob)]
    )
    assert sorted(outcomes) == [DONE, "not-found"]


def test_many_are_named_first_and_deleted_then(people, bucket) -> None:
    client, url = client_of(people.bob), reverse("buckets:delete-several", args=[bucket.pk])
    foreign = BucketObjectFactory(bucket=BucketFactory(project=people.carol.project))
    chosen = BucketObject.objects.filter(key__in=["a/one.raw", "a/two.raw"])
    ids = {str(pk) for pk in chosen.values_list("pk", flat=True)}
    pick = ",".join([*ids, str(foreign.pk)])
    asked = client.post(url, {"pick": pick, "state": "prefix=a/"})
    assert asked.status_code == 200
    assert len(asked.context["partition"].allowed) == 2
    assert BucketObject.objects.stored().filter(bucket=bucket).count() == len(KEYS)
    done = client.post(url, {"pick": pick, "state": "prefix=a/", "confirm": "1"})
    assert bare(done["Location"]) == f"{bucket.get_absolute_url()}?prefix=a/"
    assert not chosen.exists()
    told = Event.objects.filter(action="deleteObject", result="normal")
    assert set(told.values_list("resource_id", flat=True)) == ids
    assert BucketObject.objects.filter(pk=foreign.pk).exists()
    assert client.post(url, {"state": ""}).status_code == 302
    assert client_of(people.carol).post(url, {"pick": pick, "confirm": "1"}).status_code == 404


def test_who_only_reads_is_told_and_deletes_nothing(people, bucket) -> None:
    ids = list(bucket.bucket_objects.stored().values_list("pk", flat=True))
    data = {"pick": ",".join(map(str, ids)), "confirm": "1"}
    client_of(people.dave).post(reverse("buckets:delete-several", args=[bucket.pk]), data)
    assert bucket.bucket_objects.stored().count() == len(KEYS)
    bar = client_of(people.dave).post(reverse("buckets:selection", args=[bucket.pk]), data).content.decode()
    assert "read-only" in bar


def test_the_bar_counts_what_is_chosen_or_everything_that_is_found(people, bucket) -> None:
    client, url = client_of(people.bob), reverse("buckets:selection", args=[bucket.pk])
    one = str(bucket.bucket_objects.get(key="a/one.raw").pk)
    bar = client.post(url, {"pick": one, "state": "prefix=a/"})
    assert (bar.context["total"], bar.context["all_count"]) == (1, 2)
    assert client.post(url, {"matching": "q=raw", "pick": ""}).context["total"] == len(KEYS)


def test_an_operator_who_is_in_the_project_finds_its_page_from_the_administration(people, operator):
    made = BucketObjectFactory(bucket__project=people.bob.project)
    MembershipFactory(user=operator, account=people.bob.account)
    client = client_of(Actor(operator, people.bob.project, "administrator"))
    page = client.get(reverse("admin:cloud_bucketobject_change", args=[made.pk]))
    assert page.context["console_url"] == at(people.bob.project, made.get_absolute_url())
