"""A file that a trusted proxy sends by itself, once the console has allowed it."""

import io
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.conf import settings as ours
from django.test import RequestFactory

from imsconsole.core.proxies import PROXIED
from imsconsole.core.sending import Sendable, send_file

BYTES = b"0123456789"
AT = datetime(2026, 1, 2, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _at(settings, tmp_path: Path) -> None:
    settings.IMS_X_ACCEL = "/stored/"
    settings.DATA_DIR = tmp_path / "data"
    settings.DATA_DIR.mkdir()


@pytest.fixture
def stored() -> Sendable:
    folder = Path(ours.DATA_DIR, "a folder")
    folder.mkdir()
    path = folder / "50% of it.raw"
    path.write_bytes(BYTES)
    return sendable(lambda _start: path.open("rb"))


def sendable(opened) -> Sendable:
    return Sendable("disk.raw", len(BYTES), f"sha256:{'ab' * 32}", AT, opened)


def asked(*, proxied: bool = True, method: str = "get", **headers: str):
    request = getattr(RequestFactory(), method)("/", headers=headers)
    if proxied:
        request.META[PROXIED] = True
    return request


def test_the_proxy_is_told_where_the_file_is_and_what_it_is(stored: Sendable) -> None:
    answer = send_file(asked(range="bytes=2-3"), stored)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer["X-Accel-Redirect"] == "/stored/a%20folder/50%25%20of%20it.raw"
    assert answer["ETag"] == f'"{"ab" * 32}"'
    assert 'filename="disk.raw"' in answer["Content-Disposition"]
    assert "Content-Range" not in answer


def test_what_has_not_changed_is_not_sent_by_anybody(stored: Sendable) -> None:
    answer = send_file(asked(**{"if-none-match": stored.etag}), stored)
    assert (answer.status_code, "X-Accel-Redirect" in answer) == (304, False)


@pytest.mark.django_db  # an answer that ends looks after its connection
@pytest.mark.parametrize("reason", ["no proxy", "no setting", "HEAD", "elsewhere", "no file", "gone"])
def test_else_the_console_sends_it(reason: str, stored: Sendable, settings, tmp_path: Path, request) -> None:
    if reason == "no setting":
        settings.IMS_X_ACCEL = ""
    if reason == "elsewhere":
        (tmp_path / "disk").write_bytes(BYTES)
        stored = sendable(lambda _start: (tmp_path / "disk").open("rb"))
    if reason == "no file":
        stored = sendable(lambda _start: io.BytesIO(BYTES))
    if reason == "gone":
        gone = Path(ours.DATA_DIR, "gone")
        gone.write_bytes(BYTES)
        kept = gone.open("rb")
        gone.unlink()
        stored = sendable(lambda _start: os.fdopen(os.dup(kept.fileno()), "rb"))
        request.addfinalizer(kept.close)
    one = asked(proxied=reason != "no proxy", method="head" if reason == "HEAD" else "get")
    answer = send_file(one, stored)
    assert "X-Accel-Redirect" not in answer
    if reason != "HEAD":
        assert b"".join(answer.streaming_content) == BYTES
    answer.close()
