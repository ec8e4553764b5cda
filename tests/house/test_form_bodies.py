"""Addresses × a form with a file: nothing is read of nobody's, and no view gets a file that did not ask for one.

All that take files or read by themselves, and some of each room's others: what refuses a form comes before its view.
"""

from io import BytesIO
from itertools import cycle, groupby
from types import SimpleNamespace

import pytest
from django.conf import settings
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern

from imsconsole.core.form_bodies import NOBODYS_BYTES
from tests.conftest import HTMX, client_of
from tests.images.create.importing import multipart
from tests.support.addresses import all_addresses
from tests.support.sweep import some
from tests.support.walks import stop

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.bytes,
    pytest.mark.slow(reason="every address is asked for"),
]
ADDRESSES = sorted(all_addresses(), key=lambda each: each[0])
OF_A_ROOM = 4
BOUNDARY = "multipart/form-data; boundary=XXboundaryXX"
FILE = multipart(("name", "", b"a"), ("file", "a.bin", b"x" * 1024))


class Endless(BytesIO):
    """What comes after the beginning of a file; who reads on, waits for ever."""

    was_read = False

    def read(self, size: int | None = -1) -> bytes:
        self.was_read = True
        raise AssertionError("nobody needs to read this")


def send(client: Client, path: str, body: bytes, **more: object) -> HttpResponse:
    return client.generic("POST", path, body, BOUNDARY, **more)  # type: ignore[arg-type]


def file_bytes(entry: URLPattern) -> int | None:
    return getattr(getattr(entry.callback, "kind", None), "file_bytes", 0)


def streams(entry: URLPattern) -> bool:
    """Whether the view reads by itself, once it knows who is there."""
    return file_bytes(entry) is None


def chosen() -> list[tuple[str, URLPattern]]:
    takes = [each for each in ADDRESSES if file_bytes(each[1]) != 0]
    others = groupby(
        (each for each in ADDRESSES if file_bytes(each[1]) == 0), key=lambda each: each[0].split("/")[1]
    )
    return takes + [each for _room, rooms in others for each in some(list(rooms), OF_A_ROOM)]


def test_the_walk_comes_by_everything() -> None:
    assert len(ADDRESSES) > 300
    assert {path.split("/")[1] for path, _ in chosen()} >= {
        "admin",
        "accounts",
        "images",
        "market",
        "servers",
    }


def test_of_nobody_a_file_is_refused_where_it_begins(subtests: pytest.Subtests) -> None:
    client = Client()
    for path, entry in chosen():
        with stop(subtests, path):
            response = send(client, path, FILE)
            assert response.status_code == (302 if streams(entry) else 400)
            assert streams(entry) or "takes no files" in response.content.decode()
    assert [*settings.UPLOAD_DIR.iterdir()] == []


def test_of_nobody_nothing_large_is_read(subtests: pytest.Subtests) -> None:
    """Whatever kind it says that it is: by turns."""
    client = Client()
    kinds = cycle((BOUNDARY, "application/x-www-form-urlencoded", "application/octet-stream"))
    for (path, entry), kind in zip(chosen(), kinds, strict=False):
        with stop(subtests, f"{path} {kind}"):
            endless = Endless()
            announced = {"wsgi.input": endless, "CONTENT_LENGTH": str(NOBODYS_BYTES + 1)}
            response = client.generic("POST", path, b"x", kind, **announced)  # type: ignore[arg-type]
            assert (response.status_code, endless.was_read) == (302 if streams(entry) else 413, False)


def test_of_who_is_signed_in_only_views_that_ask_for_files_take_them(
    people: SimpleNamespace, subtests: pytest.Subtests
) -> None:
    client = client_of(people.alice)
    for path, entry in chosen():
        with stop(subtests, path):
            response = send(client, path, FILE, headers=HTMX)
            assert (response.status_code == 400) == (file_bytes(entry) == 0)


def test_the_forms_that_take_files_are_these() -> None:
    takes = {path for path, entry in ADDRESSES if file_bytes(entry) != 0}
    one = "00000000-0000-0000-0000-000000000001"
    assert takes == {
        "/uploads/create/",
        "/images/create/",
        f"/buckets/{one}/upload/",
        "/market/publisher/",
        f"/market/listings/{one}/pictures/",
    }
