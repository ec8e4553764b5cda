"""Downloads from addresses that people or other servers name, so none of them is trusted.

http and https only. A name is resolved once and the connection goes to that very address, so it cannot
turn into another one; every redirect is judged anew; size, time and slowness are bounded. TLS is verified
against the name; what was packed for the way is refused, so nothing becomes larger here. urllib3 can pin an address by itself (`server_hostname`, `assert_hostname`); the libraries for
this purpose can neither allow single hosts nor resume.
"""

import fcntl
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urljoin

from urllib3 import BaseHTTPResponse, PoolManager, ProxyManager, Timeout
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    LocationParseError,
    NewConnectionError,
    SSLError,
)
from urllib3.util import Url, parse_url

from imsconsole.core.addresses import AddressRefused, refuse_address, resolve
from imsconsole.core.paced import DownloadFailed, Pace, pace

PIECE_BYTES = 256 * 1024
MAX_REDIRECTS = 5
MAX_ADDRESSES = 8  # of a name, that are tried
TRIES = 5  # in a row that brought less than a piece
MAX_DIGITS = 18
VERSION_LENGTH = 200
TIMEOUT = Timeout(connect=10, read=30)
REDIRECTS = (301, 302, 303, 307, 308)
PORTS = {"http": 80, "https": 443}
OK, PARTIAL, NO_SUCH_RANGE = 200, 206, 416
AGENT = {"User-Agent": "ims-console", "Accept-Encoding": "identity"}
CONTENT_RANGE = re.compile(rf"bytes ([0-9]{{1,{MAX_DIGITS}}})-[0-9]+/([0-9]{{1,{MAX_DIGITS}}}|\*)")


@dataclass(frozen=True)
class Policy:
    """What a download may do. `allowed_hosts` may be private; `proxy` is an address or empty."""

    max_bytes: int
    max_seconds: float
    allowed_hosts: frozenset[str] = frozenset()
    proxy: str = ""
    pace: Pace = field(default_factory=Pace)
    pause_seconds: float = 0  # before it is tried again, twice as long each time


def read_text(url: str, policy: Policy) -> str:
    return read_bytes(url, policy).decode(errors="replace")


def read_bytes(url: str, policy: Policy) -> bytes:
    """A small file, such as a list of checksums; from https it does not follow to http. Raises AddressRefused, DownloadFailed."""
    deadline, content = time.monotonic() + policy.max_seconds, bytearray()
    try:
        with _opened(url, policy, {}, deadline, may_downgrade=False) as answer:
            _require(answer.status == OK, "download-status", url=url, status=answer.status)
            for piece in _pieces(answer):
                content += piece
                _require(len(content) <= policy.max_bytes, "download-too-large", limit_bytes=policy.max_bytes)
    except HTTPError as error:
        raise _broken(url, error) from error
    return bytes(content)


def check_address(url: str, allowed_hosts: frozenset[str] = frozenset()) -> None:
    """What is wrong with an address, as far as it shows without asking anybody. Raises AddressRefused."""
    refuse_address((_parsed(url).host or "").strip("[]").lower(), allowed_hosts)


def probe(url: str, policy: Policy) -> int:
    """Whether something is there, without taking it: its size, 0 when not told. Raises as `read_text`."""
    deadline = time.monotonic() + policy.max_seconds
    try:
        with _opened(url, policy, {"Range": "bytes=0-0"}, deadline) as answer:
            _require(answer.status in (OK, PARTIAL), "download-status", url=url, status=answer.status)
            return _total(answer, 0)
    except HTTPError as error:
        raise _broken(url, error) from error


def download(url: str, path: Path, *, policy: Policy, report: Callable[[int, int], None]) -> None:
    """Write what is at `url` to `path`, and go on with what is there if the server says it is the same.

    What the server called that version is kept beside it, in `<path>.version`. `report(done, total)` may
    raise to end it. Raises AddressRefused, DownloadFailed.
    """
    deadline, tries = time.monotonic() + policy.max_seconds, TRIES
    while True:
        before = _size(path)
        try:
            return _go_on(url, path, policy, report, deadline)
        except HTTPError as error:
            tries = TRIES if _size(path) - before >= PIECE_BYTES else tries - 1
            if not tries or isinstance(error, SSLError):
                raise _broken(url, error) from error
            time.sleep(policy.pause_seconds * (2 ** (TRIES - tries) - 1))


def _go_on(url: str, path: Path, policy: Policy, report: Callable[[int, int], None], deadline: float) -> None:
    """One connection's worth."""
    version = path.with_name(f"{path.name}.version")
    known = version.read_text() if version.exists() and path.exists() else ""
    offset = _size(path) if known else 0
    asked = {"Range": f"bytes={offset}-", "If-Range": known} if offset else {}
    with _opened(url, policy, asked, deadline) as answer:
        if answer.status == NO_SUCH_RANGE and answer.headers.get("Content-Range") == f"bytes */{offset}":
            return  # all of it is here, and it is still the same
        if answer.status == NO_SUCH_RANGE or (
            answer.status == PARTIAL and not _is_rest(answer, offset, known)
        ):
            version.unlink(missing_ok=True)
            raise HTTPError("the server sent another range than what was asked for")
        _require(answer.status in (OK, PARTIAL), "download-status", url=url, status=answer.status)
        goes_on = answer.status == PARTIAL
        with path.open("ab" if goes_on else "wb") as out:
            _hold(out, path)
            version.write_text(_version_of(answer) or (known if goes_on else ""))
            _pour(answer, out, offset if goes_on else 0, policy, report)


def _hold(out: BinaryIO, path: Path) -> None:
    """As its only writer, until it is closed. Raises HTTPError: another process took it over."""
    try:
        fcntl.flock(out, fcntl.LOCK_EX | fcntl.LOCK_NB)
        is_there = os.fstat(out.fileno()).st_ino == path.stat().st_ino
    except (BlockingIOError, FileNotFoundError) as error:
        raise HTTPError("the file was taken over") from error
    if not is_there:
        raise HTTPError("the file was taken over")


def take_over(path: Path, earlier: Path) -> None:
    """Go on at `path` with what an earlier attempt has: with its very file, or a copy while its writer may wake up."""
    with earlier.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            shutil.copyfile(earlier, path)
        else:
            earlier.rename(path)
        version = earlier.with_name(f"{earlier.name}.version")
        if version.exists():
            shutil.copyfile(version, path.with_name(f"{path.name}.version"))


def _is_rest(answer: BaseHTTPResponse, offset: int, known: str) -> bool:
    """Whether a part begins where it was asked for, and is of the version that was begun."""
    told = CONTENT_RANGE.fullmatch(answer.headers.get("Content-Range", ""))
    return bool(offset and told and int(told[1]) == offset and _version_of(answer) in ("", known))


def _version_of(answer: BaseHTTPResponse) -> str:
    """What the server calls this content; a weak ETag promises too little (RFC 9110, 13.1.5)."""
    tag = answer.headers.get("ETag", "")
    version = tag if tag and not tag.startswith("W/") else answer.headers.get("Last-Modified", "")
    is_plain = version.isascii() and version.isprintable() and len(version) <= VERSION_LENGTH
    return version if is_plain else ""


def _pour(
    answer: BaseHTTPResponse, out: BinaryIO, done: int, policy: Policy, report: Callable[[int, int], None]
) -> None:
    total = _total(answer, done)
    _require(total <= policy.max_bytes, "download-too-large", limit_bytes=policy.max_bytes)
    for piece in _pieces(answer):
        done += len(piece)
        _require(done <= policy.max_bytes, "download-too-large", limit_bytes=policy.max_bytes)
        out.write(piece)
        report(done, total)
    if done < total:
        raise HTTPError(f"{done} of {total} bytes came")


def _total(answer: BaseHTTPResponse, done: int) -> int:
    """How large all of it is as the server says, 0 when it does not; never believed, only held against it."""
    if told := CONTENT_RANGE.fullmatch(answer.headers.get("Content-Range", "")):
        return int(told[2]) if told[2] != "*" else 0
    length = answer.headers.get("Content-Length", "").strip()
    if not length.isascii() or not length.isdecimal():
        return 0
    return done + (int(length) if len(length) <= MAX_DIGITS else 10**MAX_DIGITS)


def _pieces(answer: BaseHTTPResponse) -> Iterator[bytes]:
    """What arrives, as it arrives."""
    while piece := answer.read1(PIECE_BYTES):
        yield piece


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


@contextmanager
def _opened(
    url: str, policy: Policy, headers: dict[str, str], deadline: float, *, may_downgrade: bool = True
) -> Iterator[BaseHTTPResponse]:
    """The answer at the end of all redirects, each judged like the first address."""
    secure = url.startswith("https:") and not may_downgrade
    for _ in range(MAX_REDIRECTS + 1):
        answer = _ask(_parsed(url), policy, headers, deadline)
        try:
            if answer.status not in REDIRECTS or "Location" not in answer.headers:
                packed = answer.headers.get("Content-Encoding", "identity")
                _require(packed.lower() == "identity", "download-packed", url=url, encoding=packed[:40])
                yield answer
                return
            url = _joined(url, answer.headers["Location"])
            if secure and not url.startswith("https:"):
                raise AddressRefused("download-downgrade", url=url)
        finally:
            answer.close()
    raise DownloadFailed("download-redirects", limit=MAX_REDIRECTS)


def _joined(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError as error:
        raise AddressRefused("download-address-odd", host=location[:200]) from error


def _parsed(url: str) -> Url:
    """An address whose parts are what they seem; what is connected to is made of these same parts."""
    if not url.isascii() or not url.isprintable() or "\\" in url:
        raise AddressRefused("download-address-odd", host=url)
    try:
        parsed = parse_url(url)
    except LocationParseError as error:
        raise AddressRefused("download-address-odd", host=url) from error
    if parsed.scheme not in PORTS:
        raise AddressRefused("download-scheme", url=url)
    if parsed.auth is not None or not parsed.host:
        raise AddressRefused("download-address-odd", host=parsed.netloc or url)
    return parsed


def _ask(parsed: Url, policy: Policy, headers: dict[str, str], deadline: float) -> BaseHTTPResponse:
    """Connect to one of the addresses the name has now. Redirects are left to the caller."""
    host, scheme = (parsed.host or "").strip("[]").lower(), parsed.scheme or ""
    addresses = resolve(host, parsed.port or PORTS[scheme], policy.allowed_hosts)[:MAX_ADDRESSES]
    tls: dict[str, Any] = {"server_hostname": host, "assert_hostname": host} if scheme == "https" else {}
    manager = ProxyManager(policy.proxy, **tls) if policy.proxy else PoolManager(**tls)
    for address in addresses:
        _require(time.monotonic() < deadline, "download-too-slow")
        pinned = parsed._replace(host=f"[{address}]" if ":" in address else address, fragment=None).url
        pace(manager.connection_from_url(pinned), policy.pace, deadline)
        last = address == addresses[-1]
        with suppress(*(() if last else (NewConnectionError, ConnectTimeoutError))):
            return manager.urlopen(
                "GET",
                pinned,
                headers={**AGENT, "Host": parsed.netloc or "", **headers},
                redirect=False,
                retries=False,
                preload_content=False,
                timeout=TIMEOUT,
            )
    raise DownloadFailed(url=parsed.url, detail="no address")


def _broken(url: str, error: HTTPError) -> DownloadFailed:
    return DownloadFailed(url=url, detail=str(error)[:200])


def _require(condition: bool, code: str, **values: object) -> None:
    if not condition:
        raise DownloadFailed(code, **values)
