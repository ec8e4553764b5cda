"""Downloads from addresses that people or other servers name, so none of them is trusted.

http and https only. A name is resolved once and the connection goes to that very address, so it cannot
turn into another one; every redirect is judged anew; size and time are bounded. TLS is verified against
the name. urllib3 can pin an address by itself (`server_hostname`, `assert_hostname`); the libraries for
this purpose can neither allow single hosts nor resume.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
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

from imsconsole.core.addresses import AddressRefused, resolve
from imsconsole.core.errors import ImsError

PIECE_BYTES = 256 * 1024
MAX_REDIRECTS = 5
TRIES = 5  # in a row without a byte
TIMEOUT = Timeout(connect=10, read=30)
REDIRECTS = (301, 302, 303, 307, 308)
PORTS = {"http": 80, "https": 443}
OK, PARTIAL, NO_SUCH_RANGE = 200, 206, 416
AGENT = {"User-Agent": "ims-console", "Accept-Encoding": "identity"}


class DownloadFailed(ImsError):
    """The other side did not deliver; the code says what happened."""

    http_status = 502
    retryable = True
    default_code = "download-broken"


@dataclass(frozen=True)
class Policy:
    """What a download may do. `allowed_hosts` may be private; `proxy` is an address or empty."""

    max_bytes: int
    max_seconds: float
    allowed_hosts: frozenset[str] = frozenset()
    proxy: str = ""


def read_text(url: str, policy: Policy) -> str:
    """A small text, such as a list of checksums; from https it does not follow to http. Raises AddressRefused, DownloadFailed."""
    deadline, text = time.monotonic() + policy.max_seconds, bytearray()
    try:
        with _opened(url, policy, {}, may_downgrade=False) as answer:
            _require(answer.status == OK, "download-status", url=url, status=answer.status)
            for piece in _pieces(answer, deadline):
                text += piece
                _require(len(text) <= policy.max_bytes, "download-too-large", limit_bytes=policy.max_bytes)
    except HTTPError as error:
        raise _broken(url, error) from error
    return text.decode(errors="replace")


def probe(url: str, policy: Policy) -> int:
    """Whether something is there, without taking it: its size, 0 when not told. Raises as `read_text`."""
    try:
        with _opened(url, policy, {"Range": "bytes=0-0"}) as answer:
            _require(answer.status in (OK, PARTIAL), "download-status", url=url, status=answer.status)
            told = answer.headers.get("Content-Range", "").rpartition("/")[2]
            length = told if answer.status == PARTIAL else answer.headers.get("Content-Length", "")
            return int(length) if length.isdecimal() else 0
    except HTTPError as error:
        raise _broken(url, error) from error


def download(url: str, path: Path, *, policy: Policy, report: Callable[[int, int], None]) -> None:
    """Write what is at `url` to `path`, and go on with what is there if the server says it is the same.

    What the server called that version is kept beside it, in `<path>.version`. `report(done, total)` may
    raise to end it. Raises AddressRefused, DownloadFailed.
    """
    deadline, tries = time.monotonic() + policy.max_seconds, TRIES
    while True:
        before = path.stat().st_size if path.exists() else 0
        try:
            return _go_on(url, path, policy, report, deadline)
        except HTTPError as error:
            tries = TRIES if path.exists() and path.stat().st_size > before else tries - 1
            if not tries or isinstance(error, SSLError):
                raise _broken(url, error) from error


def _go_on(url: str, path: Path, policy: Policy, report: Callable[[int, int], None], deadline: float) -> None:
    """One connection's worth."""
    version = path.with_name(f"{path.name}.version")
    known = version.read_text() if version.exists() and path.exists() else ""
    offset = path.stat().st_size if known else 0
    asked = {"Range": f"bytes={offset}-", "If-Range": known} if offset else {}
    with _opened(url, policy, asked) as answer:
        if answer.status == NO_SUCH_RANGE:
            version.unlink(missing_ok=True)
            raise HTTPError("the server does not know this range")
        _require(answer.status in (OK, PARTIAL), "download-status", url=url, status=answer.status)
        goes_on = answer.status == PARTIAL
        if goes_on and not answer.headers.get("Content-Range", "").startswith(f"bytes {offset}-"):
            version.unlink(missing_ok=True)
            raise HTTPError("the server sent another range")
        with path.open("ab" if goes_on else "wb") as out:
            version.write_text(_version_of(answer))
            _pour(answer, out, offset if goes_on else 0, policy, report, deadline)


def _version_of(answer: BaseHTTPResponse) -> str:
    """What the server calls this content; a weak ETag promises too little (RFC 9110, 13.1.5)."""
    tag = answer.headers.get("ETag", "")
    return tag if tag and not tag.startswith("W/") else answer.headers.get("Last-Modified", "")


def _pour(
    answer: BaseHTTPResponse,
    out: BinaryIO,
    done: int,
    policy: Policy,
    report: Callable[[int, int], None],
    deadline: float,
) -> None:
    length = answer.headers.get("Content-Length", "")
    total = done + int(length) if length.isdecimal() else 0
    _require(total <= policy.max_bytes, "download-too-large", limit_bytes=policy.max_bytes)
    for piece in _pieces(answer, deadline):
        done += len(piece)
        _require(done <= policy.max_bytes, "download-too-large", limit_bytes=policy.max_bytes)
        out.write(piece)
        report(done, total)


def _pieces(answer: BaseHTTPResponse, deadline: float) -> Iterator[bytes]:
    """What arrives, as it arrives: one that trickles meets the deadline as well."""
    while piece := answer.read1(PIECE_BYTES):
        _require(time.monotonic() < deadline, "download-too-slow")
        yield piece


@contextmanager
def _opened(
    url: str, policy: Policy, headers: dict[str, str], *, may_downgrade: bool = True
) -> Iterator[BaseHTTPResponse]:
    """The answer at the end of all redirects, each judged like the first address."""
    secure = url.startswith("https:") and not may_downgrade
    for _ in range(MAX_REDIRECTS + 1):
        answer = _ask(_parsed(url), policy, headers)
        try:
            if answer.status not in REDIRECTS or "Location" not in answer.headers:
                yield answer
                return
            url = urljoin(url, answer.headers["Location"])
            if secure and not url.startswith("https:"):
                raise AddressRefused("download-downgrade", url=url)
        finally:
            answer.close()
    raise DownloadFailed("download-redirects", limit=MAX_REDIRECTS)


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


def _ask(parsed: Url, policy: Policy, headers: dict[str, str]) -> BaseHTTPResponse:
    """Connect to one of the addresses the name has now. Redirects are left to the caller."""
    host, scheme = (parsed.host or "").strip("[]").lower(), parsed.scheme or ""
    addresses = resolve(host, parsed.port or PORTS[scheme], policy.allowed_hosts)
    tls: dict[str, Any] = {"server_hostname": host, "assert_hostname": host} if scheme == "https" else {}
    manager = ProxyManager(policy.proxy, **tls) if policy.proxy else PoolManager(**tls)
    for address in addresses:
        pinned = parsed._replace(host=f"[{address}]" if ":" in address else address, fragment=None).url
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
