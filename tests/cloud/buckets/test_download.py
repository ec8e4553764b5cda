"""Objects on their way out: parts, versions, names, links."""

from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.core import signing
from django.urls import reverse
from django.utils.http import http_date
from hypothesis import given
from hypothesis import strategies as st

from imsconsole.audit.models import Event
from imsconsole.cloud.buckets.services import delete_object
from imsconsole.cloud.models import BucketObject
from imsconsole.core import now as clock
from imsconsole.core.sending import Span, asked_span
from tests.cloud.buckets.making import stored
from tests.conftest import client_of
from tests.factories import BucketFactory

CONTENT = bytes(range(256)) * 8


@pytest.fixture
def kept(people) -> BucketObject:
    return stored(BucketFactory(project=people.bob.project), people.bob, "a/disk.raw", CONTENT)


def get(people, kept: BucketObject, who: str = "dave", **headers: str):
    return client_of(getattr(people, who)).get(reverse("buckets:download", args=[kept.pk]), headers=headers)


# ranges -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "span"),
    [
        ("bytes=0-0", Span(0, 1)), ("bytes=5-", Span(5, 5)), ("bytes=-3", Span(7, 3)), ("bytes=-30", Span(0, 10)),
        ("bytes=2-99", Span(2, 8)), ("bytes=10-", Span(10, 0)), ("bytes=-0", Span(10, 0)), ("bytes= 1-2 ", Span(1, 2)),
        ("", None), ("bytes=-", None), ("bytes=3-2", None), ("bytes=0-1,4-5", None), ("items=0-1", None),
        ("bytes=٣-", None), ("bytes=" + "9" * 30 + "-", None),
    ],
)  # fmt: skip
def test_a_range_header_is_read_as_rfc_9110_says(header, span) -> None:
    assert asked_span(header, 10) == span


@given(st.integers(0, 50), st.one_of(st.none(), st.integers(0, 60)), st.one_of(st.none(), st.integers(0, 60)))
def test_a_span_is_what_slicing_gives(size, first, last) -> None:
    content = bytes(range(size))
    span = asked_span(f"bytes={'' if first is None else first}-{'' if last is None else last}", size)
    if first is None and last is None:
        assert span is None
    elif first is None:
        assert content[span.start : span.start + span.length] == (content[-last:] if last else b"")
    elif last is not None and last < first:
        assert span is None
    else:
        end = None if last is None else last + 1
        assert content[span.start : span.start + span.length] == content[first:end]


def test_a_part_is_sent_with_its_place(people, kept) -> None:
    answer = get(people, kept, range="bytes=100-299")
    assert (answer.status_code, answer.getvalue()) == (206, CONTENT[100:300])
    assert answer["Content-Range"] == f"bytes 100-299/{len(CONTENT)}"
    assert answer["Content-Length"] == "200"


def test_a_range_behind_the_end_is_refused_with_the_size(people, kept) -> None:
    answer = get(people, kept, range="bytes=9999-")
    assert (answer.status_code, answer["Content-Range"]) == (416, f"bytes */{len(CONTENT)}")


def test_parts_are_only_put_to_the_same_version(people, kept) -> None:
    modified = http_date(kept.created_at.timestamp())
    for version, status in (
        (f'"{kept.sha256}"', 206),
        (modified, 206),
        ('"other"', 200),
        (http_date(0), 200),
    ):
        answer = get(people, kept, **{"range": "bytes=1-2", "if-range": version})
        assert answer.status_code == status, version
        assert answer.getvalue() == (CONTENT[1:3] if status == 206 else CONTENT)
    assert get(people, kept, **{"if-none-match": f'"{kept.sha256}"'}).status_code == 304
    assert get(people, kept, **{"if-match": '"other"'}).status_code == 412


def test_head_tells_all_but_the_bytes(people, kept) -> None:
    answer = client_of(people.dave).head(reverse("buckets:download", args=[kept.pk]))
    assert (answer.status_code, answer.getvalue()) == (200, b"")
    assert (answer["Content-Length"], answer["Accept-Ranges"], answer["ETag"]) == (
        str(len(CONTENT)), "bytes", f'"{kept.sha256}"',
    )  # fmt: skip


# what it may never be ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["page.html", "script.js", "磁盘 “1”.svg", 'a";x=".html', "100%.html"])
def test_a_file_is_always_saved_never_shown_or_run(people, kept, name) -> None:
    other = stored(kept.bucket, people.bob, name, b"<script>alert(1)</script>")
    answer = get(people, other)
    assert answer.getvalue() == b"<script>alert(1)</script>"
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Disposition"].startswith("attachment")
    assert "\n" not in answer["Content-Disposition"]


def test_a_name_of_any_script_comes_along(people, kept) -> None:
    other = stored(kept.bucket, people.bob, "系统/磁盘.raw", b"")
    answer = get(people, other)
    assert answer.getvalue() == b""
    assert answer["Content-Disposition"] == "attachment; filename*=utf-8''%E7%A3%81%E7%9B%98.raw"


def test_others_get_nothing(people, kept) -> None:
    assert get(people, kept, "carol").status_code == 404
    assert client_of(None).get(reverse("buckets:download", args=[kept.pk])).status_code == 302


# links ------------------------------------------------------------------------------------------------


def link_of(people, kept: BucketObject, hours: str = "1") -> str:
    answer = client_of(people.bob).post(reverse("buckets:link", args=[kept.pk]), {"hours": hours})
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    return urlsplit(answer.context["url"]).path


def test_whoever_has_a_link_gets_the_object_until_its_time_is_over(people, kept) -> None:
    link = link_of(people, kept)
    nobody = client_of(None)
    assert nobody.get(link).getvalue() == CONTENT
    assert nobody.get(link, headers={"range": "bytes=0-9"}).getvalue() == CONTENT[:10]
    assert client_of(people.carol).get(link).getvalue() == CONTENT
    assert nobody.post(link).status_code == 405
    clock.move(timedelta(hours=1, seconds=1))
    over = nobody.get(link)
    assert over.status_code == 404
    assert "Ask whoever sent it" in over.content.decode()
    assert Event.objects.get(action="createObjectLink").resource_id == str(kept.pk)


def test_a_link_ends_with_its_version(people, kept) -> None:
    nobody, link = client_of(None), link_of(people, kept)
    new = stored(kept.bucket, people.bob, kept.key, b"new")
    assert nobody.get(link).status_code == 404
    link = link_of(people, new)
    delete_object(new, actor=people.bob)
    assert nobody.get(link).status_code == 404


def test_links_are_made_by_those_who_write_and_cannot_be_guessed(people, kept) -> None:
    url = reverse("buckets:link", args=[kept.pk])
    assert client_of(people.dave).post(url, {"hours": "1"}).status_code == 409
    assert client_of(people.carol).post(url, {"hours": "1"}).status_code == 404
    assert client_of(people.bob).post(url, {"hours": "9999"}).status_code == 422
    link = link_of(people, kept)
    token = link.rstrip("/").rpartition("/")[2]
    foreign = signing.dumps([kept.pk.hex, 2**40], salt="another")
    for wrong in (token[:-1], token.swapcase(), "x", foreign):
        assert client_of(None).get(reverse("buckets:linked", args=[wrong])).status_code == 404
