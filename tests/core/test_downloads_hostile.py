"""Servers that drip, lie, pack and never end: each download ends in a sentence, and goes on only with the same file."""

import gzip
import itertools
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from imsconsole.core.addresses import AddressRefused
from imsconsole.core.downloads import Policy, download, probe, read_text
from imsconsole.core.errors import ImsError
from imsconsole.core.paced import DownloadFailed, Pace
from imsconsole.core.sentences import sentence_of
from tests.support.file_server import CONTENT, Server, serving

ALLOWED = Policy(max_bytes=4 * len(CONTENT), max_seconds=60, allowed_hosts=frozenset({"localhost"}))
HASTY = replace(ALLOWED, pace=Pace(header_seconds=0.2, floor_bytes=1000, floor_seconds=0.2))
OK = b"HTTP/1.1 200 OK\r\n"


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as server:
        yield server


def slowly(first: bytes, then: bytes) -> Callable[[str], Iterable[bytes]]:
    def answer(_asked: str) -> Iterator[bytes]:
        yield first
        while True:
            yield then
            time.sleep(0.02)

    return answer


def ends(server: Server, path: Path, code: str, policy: Policy = ALLOWED) -> None:
    """Both ways of taking it end with this code, which has a sentence."""
    with pytest.raises(ImsError) as downloaded:
        download(server.url("/raw"), path, policy=policy, report=lambda *_: None)
    with pytest.raises(ImsError) as read:
        read_text(server.url("/raw"), policy)
    assert (downloaded.value.code, read.value.code) == (code, code)
    assert "%(" not in sentence_of(downloaded.value)


@pytest.mark.slow(reason="a server drips until it is given up")
@pytest.mark.parametrize(
    ("first", "then"),
    [
        (b"", b"H"),
        (b"HTTP/1.1 2", b"0"),
        (OK + b"X-", b"a"),
        (OK, b"X-A: b\r\n"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    ],
)
def test_a_header_that_drips_ends_in_time(server: Server, tmp_path: Path, first: bytes, then: bytes) -> None:
    server.answer = slowly(first, then)
    ends(server, tmp_path / "file", "download-header-slow", HASTY)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(DownloadFailed, match="download-header-slow"):
        probe(server.url("/raw"), HASTY)


@pytest.mark.slow(reason="a server drips until it is given up")
def test_a_header_that_comes_fast_and_never_ends_ends(server: Server, tmp_path: Path) -> None:
    server.answer = lambda _asked: itertools.chain([OK], itertools.repeat(b"X-A: b\r\n"))
    ends(server, tmp_path / "file", "download-broken")
    server.answer = lambda _asked: itertools.chain([OK + b"X-A: "], itertools.repeat(b"a" * 1000))
    ends(server, tmp_path / "file", "download-broken")
    server.answer = lambda _asked: itertools.repeat(b"HTTP/1.1 100 Continue\r\n\r\n")
    ends(server, tmp_path / "file", "download-header-slow", HASTY)


CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.mark.slow(reason="a server drips until it is given up")
@pytest.mark.parametrize(
    ("first", "then"),
    [
        (OK + b"\r\n", b"."),
        (OK + b"Content-Length: 100000\r\n\r\n", b"."),
        (CHUNKED, b"1\r\n.\r\n"),
        (CHUNKED, b"0"),
        (CHUNKED + b"1;", b"a"),
        (CHUNKED + b"1\r\n.\r\n0\r\n", b"a: b\r\n"),
    ],
)
def test_a_body_that_drips_ends_in_time(server: Server, tmp_path: Path, first: bytes, then: bytes) -> None:
    server.answer = slowly(first, then)
    ends(server, tmp_path / "file", "download-drips", HASTY)


@pytest.mark.slow(reason="a server drips until it is given up")
def test_what_comes_fast_and_between_the_chunks_meets_the_deadline(server: Server, tmp_path: Path) -> None:
    server.answer = lambda _asked: itertools.chain([CHUNKED + b"0\r\n"], itertools.repeat(b"a: b\r\n"))
    ends(server, tmp_path / "file", "download-too-slow", replace(ALLOWED, max_seconds=0.2))


def test_chunks_that_never_end_are_too_many(server: Server, tmp_path: Path) -> None:
    server.answer = lambda _asked: itertools.chain(
        [CHUNKED], itertools.repeat(b"400\r\n" + b"." * 1024 + b"\r\n")
    )
    ends(server, tmp_path / "file", "download-too-large")
    assert (tmp_path / "file").stat().st_size <= ALLOWED.max_bytes


@pytest.mark.parametrize("length", ["9" * 30, "9" * 5000, "9" * 18])
def test_an_absurd_length_is_too_large_before_a_byte_is_written(
    server: Server, tmp_path: Path, length: str
) -> None:
    server.answer = lambda _asked: [OK + f"Content-Length: {length}\r\n\r\n".encode(), b"secret"]
    with pytest.raises(DownloadFailed, match="download-too-large"):
        download(server.url("/raw"), tmp_path / "file", policy=ALLOWED, report=lambda *_: None)
    assert (tmp_path / "file").stat().st_size == 0
    assert probe(server.url("/raw"), ALLOWED) >= 10**17


@pytest.mark.parametrize("length", ["-5", "0x10", "six", "\u0663".encode().decode("latin-1"), "", "6 ", "+6"])
def test_a_length_that_is_none_is_not_believed(server: Server, tmp_path: Path, length: str) -> None:
    server.answer = lambda _asked: [OK + f"Content-Length: {length}\r\n\r\n".encode("latin-1"), b"secret"]
    download(server.url("/raw"), tmp_path / "file", policy=ALLOWED, report=lambda *_: None)
    assert (tmp_path / "file").read_bytes() == b"secret"


@pytest.mark.parametrize("header", [b"Content-Length: 7", b"Content-Length: 6\r\nContent-Length: 7"])
def test_a_length_that_does_not_come_is_a_broken_download(
    server: Server, tmp_path: Path, header: bytes
) -> None:
    server.answer = lambda _asked: [OK + header + b"\r\n\r\nsecret"]
    ends(server, tmp_path / "file", "download-broken")


def test_content_that_was_packed_for_the_way_is_refused(server: Server, tmp_path: Path) -> None:
    bomb = gzip.compress(bytes(1_000_000))
    server.answer = lambda _asked: [
        OK + f"Content-Encoding: gzip\r\nContent-Length: {len(bomb)}\r\n\r\n".encode() + bomb
    ]
    ends(server, tmp_path / "file", "download-packed")
    assert list(tmp_path.iterdir()) == []


def begun(path: Path, bytes_count: int, version: str = '"1"') -> Path:
    path.write_bytes(CONTENT[:bytes_count])
    path.with_name(f"{path.name}.version").write_text(version)
    return path


def whole() -> bytes:
    return OK + f'ETag: "1"\r\nContent-Length: {len(CONTENT)}\r\n\r\n'.encode() + CONTENT


@pytest.mark.parametrize(
    "header",
    [
        'ETag: "1"\r\nContent-Range: bytes 0-1048575/1048576',
        'ETag: "1"\r\nContent-Range: bytes 10000-1048575/1048576',
        'ETag: "2"\r\nContent-Range: bytes 1000-1048575/1048576',
        'ETag: "1"\r\nContent-Range: bytes 1000',
        'ETag: "1"\r\nContent-Range: bytes 1000-1048575/' + "9" * 5000,
        'ETag: "1"',
    ],
)
def test_a_part_that_is_not_what_was_asked_for_is_begun_anew(
    server: Server, tmp_path: Path, header: str
) -> None:
    part = f"HTTP/1.1 206 Partial Content\r\n{header}\r\n\r\n".encode() + CONTENT[1000:]
    server.answer = lambda asked: [part if asked else whole()]
    path = begun(tmp_path / "file", 1000)
    download(server.url("/raw"), path, policy=ALLOWED, report=lambda *_: None)
    assert path.read_bytes() == CONTENT
    assert [asked for _, asked in server.asked] == ["bytes=1000-", ""]


def test_all_of_it_where_the_rest_was_asked_for_replaces_what_is_there(
    server: Server, tmp_path: Path
) -> None:
    server.answer = lambda _asked: [whole()]
    path = begun(tmp_path / "file", 1000)
    download(server.url("/raw"), path, policy=ALLOWED, report=lambda *_: None)
    assert path.read_bytes() == CONTENT


def test_a_part_that_nobody_asked_for_is_no_file(server: Server, tmp_path: Path) -> None:
    server.answer = lambda _asked: [
        b"HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-5/1000\r\nContent-Length: 6\r\n\r\nsecret"
    ]
    with pytest.raises(DownloadFailed, match="download-broken"):
        download(server.url("/raw"), tmp_path / "file", policy=ALLOWED, report=lambda *_: None)


def test_a_rest_that_ends_early_is_gone_on_with(server: Server, tmp_path: Path) -> None:
    """Neither a length nor a cut connection says so: only the range does."""

    def answer(asked: str) -> list[bytes]:
        start = int(asked.removeprefix("bytes=").rstrip("-"))
        end = min(start + 400_000, len(CONTENT))
        told = f'ETag: "1"\r\nContent-Range: bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}'
        return [f"HTTP/1.1 206 Partial Content\r\n{told}\r\n\r\n".encode() + CONTENT[start:end]]

    server.answer = answer
    path = begun(tmp_path / "file", 1000)
    download(server.url("/raw"), path, policy=ALLOWED, report=lambda *_: None)
    assert path.read_bytes() == CONTENT
    assert len(server.asked) == 3


def test_a_connection_for_each_byte_is_tried_a_few_times(server: Server, tmp_path: Path) -> None:
    server.files["/file"], server.cut_after = CONTENT[:100], 1
    with pytest.raises(DownloadFailed, match="download-broken"):
        download(server.url("/file"), tmp_path / "file", policy=ALLOWED, report=lambda *_: None)
    assert len(server.asked) == 5


@pytest.mark.parametrize("tag", ['"' + "a" * 60_000 + '"', '"\xe9"', '"\x01"'])
def test_a_version_that_cannot_be_sent_back_is_none(server: Server, tmp_path: Path, tag: str) -> None:
    server.answer = lambda _asked: [OK + f"ETag: {tag}\r\nContent-Length: 7\r\n\r\nsecret".encode("latin-1")]
    with pytest.raises(DownloadFailed, match="download-broken"):
        download(server.url("/raw"), tmp_path / "file", policy=ALLOWED, report=lambda *_: None)
    assert {asked for _, asked in server.asked} == {""}
    assert (tmp_path / "file.version").read_text() == ""


@pytest.mark.parametrize(
    "location", ["http://[::1", "http://[v1.a]/", "http://localhost:99999/", "http://a\xff/"]
)
def test_a_redirect_to_what_is_no_address_is_refused(server: Server, location: str) -> None:
    server.location = location
    with pytest.raises(AddressRefused):
        read_text(server.url("/redirect"), ALLOWED)
