"""The list as CSV: same query or picked rows, columns, times, formulas, streaming."""

import csv
import gc
import io
from datetime import UTC, datetime

import pytest
from django.urls import reverse

from images.models import Image
from imsconsole.core.now import now
from tests import factories
from tests.conftest import client_of
from tests.support.clients import at

pytestmark = pytest.mark.django_db
PUBLIC = ["Image name", "Status", "OS", "Image type", "Created at", "System disk (GB)", "Minimum memory (MB)"]
PRIVATE = [
    "Image name", "Image ID", "Status", "OS", "Image type", "Created at", "Disk capacity (GB)",
    "Shared disks", "Image size (bytes)", "Encryption",
]  # fmt: skip


def download(actor, language="en", **query):
    response = client_of(actor).get(
        reverse("images:export-csv"), query, headers={"Accept-Language": language}
    )
    assert response.status_code == 200
    return response, b"".join(response.streaming_content)


def rows_of(actor, **query):
    text = download(actor, **query)[1].decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def test_the_columns_of_each_tab_come_first(people):
    """R27."""
    factories.PublicImageFactory()
    factories.ImageFactory(project=people.bob.project)

    public, private = (list(rows_of(people.bob, tab=tab)[0]) for tab in ("public", "private"))
    assert public[: len(PUBLIC)] == PUBLIC
    assert private[: len(PRIVATE)] == PRIVATE
    assert {"Architecture", "Boot mode", "Description", "Tags"} <= set(public) & set(private)


def test_what_orders_begin_with_comes_late_and_no_text(people):
    flavor = factories.FlavorFactory(name="t6-large")
    chosen = factories.ImageFactory(
        project=people.bob.project, default_flavor=flavor, default_user_data="#!secret-text"
    )
    factories.ImageFactory(project=people.bob.project)
    features = [("Secure Boot", "No"), ("TPM", "No")]
    rows = {row["Image ID"]: list(row.items())[-4:] for row in rows_of(people.bob, tab="private")}
    assert rows.pop(str(chosen.pk)) == [
        ("Default flavor", "t6-large"),
        ("Default user data", "Yes"),
        *features,
    ]
    assert list(rows.values()) == [[("Default flavor", ""), ("Default user data", "No"), *features]]
    assert "secret-text" not in download(people.bob, tab="private")[1].decode()
    (trashed,) = (list(row)[-6:-2] for row in rows_of(people.bob, tab="trash")) if trash(chosen) else ()
    assert trashed == ["Deleted at", "Kept until", "Default flavor", "Default user data"]


def trash(image) -> bool:
    about = {"status": "trashed", "status_before": "active", "trashed_at": now(), "kept_until": now()}
    return bool(Image.objects.filter(pk=image.pk).update(**about))


def test_a_row_says_what_an_image_is_encrypted_with(people):
    key = factories.KeyFactory(project=people.bob.project, name="vault-1")
    factories.ImageFactory(project=people.bob.project, key=key)
    row = rows_of(people.bob, tab="private")[0]
    assert (row["Encryption"], row["Key name"], row["Key ID"]) == ("Yes", "vault-1", str(key.pk))


def test_a_row_says_what_the_image_is(people):
    image = factories.ImageFactory(
        project=people.bob.project, name="网站", min_disk_gb=40, min_ram_mb=512,
        created_at=datetime(2026, 1, 31, 22, 30, tzinfo=UTC),
    )  # fmt: skip
    factories.ImageDiskFactory(image=image, size_bytes=12345)
    image.tags.create(key="env", value="prod")
    row = rows_of(people.bob, tab="private")[0]

    assert row["Image name"] == "网站"
    assert row["Image ID"] == str(image.pk)
    assert row["Status"] == "Normal"
    assert row["Created at"] == "2026-02-01T06:30:00+08:00"  # Asia/Shanghai, the default
    assert (row["Disk capacity (GB)"], row["Image size (bytes)"]) == ("40", "12345")
    assert (row["Encryption"], row["Shared disks"]) == ("No", "No")
    assert (row["Tags"], row["SHA-256 of the stored file"]) == ("env=prod", "0" * 64)


def test_a_full_ecs_image_is_what_its_disks_are(people):
    """R27."""
    project, day = people.bob.project, datetime(2026, 1, 31, 22, 30, tzinfo=UTC)
    key = factories.KeyFactory(project=project, name="vault-1")
    image = factories.ImageFactory(project=project, type=Image.Type.FULL)
    for index, (bytes_, verified, of) in enumerate(((1, None, None), (20, day, key), (300, None, None))):
        factories.ImageDiskFactory(
            image=image,
            index=index,
            size_bytes=bytes_,
            checksum="sha256:" + str(index) * 64,
            verified_at=verified,
            key=of,
        )
    row = rows_of(people.bob, tab="private")[0]
    assert (row["Image size (bytes)"], row["Verified at"]) == ("321", "2026-02-01T06:30:00+08:00")
    assert row["SHA-256 of the stored file"] == "; ".join(number * 64 for number in "012")
    assert (row["Encryption"], row["Key name"], row["Key ID"]) == (
        "Partly", "–; vault-1; –", f"–; {key.pk}; –"
    )  # fmt: skip


def test_tags_are_in_the_order_of_their_keys(people):
    image = factories.ImageFactory(project=people.bob.project)
    for key, value in (("b", "1"), ("a-b", "2"), ("a", "3"), ("c", "")):
        image.tags.create(key=key, value=value)
    assert rows_of(people.bob, tab="private")[0]["Tags"] == "a=3; a-b=2; b=1; c="


def test_times_are_in_the_reader_s_time_zone(people):
    people.bob.user.time_zone = "America/New_York"
    people.bob.user.save()
    factories.ImageFactory(project=people.bob.project, created_at=datetime(2026, 1, 31, 22, 30, tzinfo=UTC))

    assert rows_of(people.bob, tab="private")[0]["Created at"] == "2026-01-31T17:30:00-05:00"


@pytest.mark.parametrize("start", ["=", "+", "-", "@"])
def test_a_name_that_looks_like_a_formula_is_made_harmless(people, start):
    factories.ImageFactory(project=people.bob.project, name=f"{start}SUM(A1)", description=f"{start}1")
    row = rows_of(people.bob, tab="private")[0]

    assert row["Image name"] == f"'{start}SUM(A1)"
    assert row["Description"] == f"'{start}1"


def test_the_file_begins_with_a_mark_for_spreadsheets_and_is_named_by_project_and_day(people):
    response, content = download(people.bob, tab="private")

    assert content.startswith(b"\xef\xbb\xbf")
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert "acme-north-private-images-20" in response["Content-Disposition"]
    assert response.streaming


def test_filters_and_order_are_those_of_the_list(people):
    for name in ("b", "a", "c"):
        factories.ImageFactory(project=people.bob.project, name=name)
    factories.ImageFactory(project=people.bob.project, name="broken", status="killed")

    rows = rows_of(people.bob, tab="private", status="active", sort="name")
    assert [row["Image name"] for row in rows] == ["a", "b", "c"]


def chosen_rows_of(actor, **data):
    answer = client_of(actor).post(reverse("images:export-csv"), {"state": "tab=private&sort=name", **data})
    assert answer.status_code == 200
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    return [row["Image name"] for row in csv.DictReader(io.StringIO(text))]


def test_picked_rows_are_exported_whatever_the_filter(people):
    wanted = [factories.ImageFactory(project=people.bob.project, name=name) for name in ("a", "b")]
    factories.ImageFactory(project=people.bob.project, name="c")
    theirs = factories.ImageFactory(project=people.carol.project, name="theirs")
    ids = [str(image.pk) for image in (theirs, *reversed(wanted))] + ["no-id"]

    assert chosen_rows_of(people.bob, pick=ids) == ["a", "b"]
    assert chosen_rows_of(people.bob, pick=",".join(ids)) == ["a", "b"]


def test_everything_that_matches_is_exported_from_every_page(people):
    """R27."""
    for name in ("a", "b", "other"):
        factories.ImageFactory(project=people.bob.project, name=name, status="active")
    factories.ImageFactory(project=people.bob.project, name="broken", status="killed")

    assert chosen_rows_of(people.bob, matching="tab=private&status=active&per_page=1") == ["a", "b", "other"]


def test_picking_nothing_says_so_instead_of_exporting_everything(people):
    factories.ImageFactory(project=people.bob.project)
    answer = client_of(people.bob).post(
        reverse("images:export-csv"), {"state": "tab=private", "pick": ""}, follow=True
    )

    assert answer.redirect_chain == [(at(people.bob.project, f"{reverse('images:list')}?tab=private"), 302)]
    assert "No image is selected" in answer.content.decode()


def test_the_list_without_rows_is_a_heading(people):
    assert rows_of(people.bob, tab="shared") == []


def make_many(project, n):
    os_version = factories.OsVersionFactory()
    Image.objects.bulk_create(
        Image(
            name=f"image-{number}-of-{n}", project=project, region=project.region, os_version=os_version,
            status="active",
        )
        for number in range(n)
    )  # fmt: skip


@pytest.mark.slow(reason="thousands of images are made and exported")
def test_of_many_rows_only_some_are_in_memory_at_once_and_few_queries_find_them(
    people, django_assert_max_num_queries
):
    make_many(people.bob.project, 6100)
    lines, alive = 0, 0
    with django_assert_max_num_queries(20):
        response = client_of(people.bob).get(reverse("images:export-csv"), {"tab": "private"})
        for number, piece in enumerate(response.streaming_content):
            lines += piece.count(b"\n")
            if number % 20 == 10:
                gc.collect()
                alive = max(
                    alive, sum(type(thing) is dict and "tag_texts" in thing for thing in gc.get_objects())
                )

    assert lines == 6101
    assert 0 < alive <= 4000  # those being written and those just read
