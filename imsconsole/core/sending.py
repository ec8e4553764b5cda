"""A file on its way out: the whole, or the part a client asks for (RFC 9110, 14)."""

import base64
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote

from django.conf import settings
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.utils.cache import get_conditional_response
from django.utils.http import content_disposition_header, http_date, parse_http_date_safe

from imsconsole.core.checksums import algorithm_of, digits_of
from imsconsole.core.proxies import PROXIED

RANGE = re.compile(r"bytes=[ \t]*([0-9]{0,18})-([0-9]{0,18})[ \t]*", re.ASCII)
UNKNOWN_TYPE = "application/octet-stream"


@dataclass(frozen=True)
class Span:
    """Bytes of a file from `start`, `length` of them; nothing of it can be sent when `length` is 0."""

    start: int
    length: int


@dataclass(frozen=True)
class Sendable:
    """What is sent. Bytes that have one `checksum` are one version; `open` gives those from an offset on."""

    name: str
    size_bytes: int
    checksum: str  # "sha256:…"
    modified: datetime
    open: Callable[[int], BinaryIO]

    @property
    def etag(self) -> str:
        """Strong, as a header has it: the same bytes have the same one."""
        return f'"{self.digits}"'

    @property
    def algorithm(self) -> str:
        """As the names of files with checksums have it: sha256."""
        return self.checksum.partition(":")[0]

    @property
    def algorithm_title(self) -> str:
        return algorithm_of(self.checksum)

    @property
    def digits(self) -> str:
        return digits_of(self.checksum)


def asked_span(header: str, size_bytes: int) -> Span | None:
    """What a Range header asks for; None for the whole. Several ranges and other units are not known here."""
    found = RANGE.fullmatch(header.strip())
    if found is None or found.groups() == ("", ""):
        return None
    first, last = found.groups()
    if not first:
        length = min(int(last), size_bytes)
        return Span(size_bytes - length, length)
    if last and int(last) < int(first):
        return None
    end = min(int(last), size_bytes - 1) if last else size_bytes - 1
    return Span(int(first), max(0, end + 1 - int(first)))


class FilePart:
    """A file's next `length` bytes. With a descriptor, so that the web server may send it without reading it."""

    def __init__(self, file: BinaryIO, length: int) -> None:
        self._file, self._left = file, length
        self.fileno = file.fileno

    def read(self, size: int = -1) -> bytes:
        piece = self._file.read(self._left if size < 0 else min(size, self._left))
        self._left -= len(piece)
        return bytes(piece)

    def close(self) -> None:
        self._file.close()


def send_file(request: HttpRequest, file: Sendable) -> HttpResponseBase:
    """The answer to GET or HEAD. Raises what `file.open` does.

    Always to be saved and always of the same type, whatever it claims to be: a page or a script that
    somebody uploaded is never run as one of ours.
    """
    modified = int(file.modified.timestamp())
    unchanged = get_conditional_response(request, etag=file.etag, last_modified=modified)
    if unchanged is not None:
        return _described(unchanged, file)
    if request.method == "GET" and (address := _at_the_proxy(request, file)):
        response = _described(HttpResponse(), file)
        response["X-Accel-Redirect"] = address
        return response
    span = asked_span(request.headers.get("Range", ""), file.size_bytes)
    if span is None or request.method != "GET" or not _is_still(request, file):
        return _answer(request, file, Span(0, file.size_bytes), 200)
    if not span.length:
        response = _described(HttpResponse(status=416), file)
        response["Content-Range"] = f"bytes */{file.size_bytes}"
        return response
    response = _answer(request, file, span, 206)
    last = span.start + span.length - 1
    response["Content-Range"] = f"bytes {span.start}-{last}/{file.size_bytes}"
    return response


def _at_the_proxy(request: HttpRequest, file: Sendable) -> str:
    """Where a trusted proxy finds the file by itself, the whole or the part that it is asked for; empty: we send it."""
    if not (settings.IMS_X_ACCEL and request.META.get(PROXIED)):
        return ""
    with file.open(0) as opened:
        try:
            path = Path(f"/proc/self/fd/{opened.fileno()}").readlink()
        except OSError:  # not a file at all
            return ""
    if not (path.is_relative_to(settings.DATA_DIR.resolve()) and path.is_file()):
        return ""
    return settings.IMS_X_ACCEL + quote(str(path.relative_to(settings.DATA_DIR.resolve())))


def _is_still(request: HttpRequest, file: Sendable) -> bool:
    """Whether what a client has a part of is this version (If-Range); no part of another may be put to it."""
    version = request.headers.get("If-Range", "").strip()
    if not version or version == file.etag:
        return True
    return parse_http_date_safe(version) == int(file.modified.timestamp())


def _answer(request: HttpRequest, file: Sendable, span: Span, status: int) -> HttpResponseBase:
    response: HttpResponseBase
    if request.method == "HEAD":
        response = HttpResponse(status=status)
    else:
        part: Any = FilePart(file.open(span.start), span.length)
        response = FileResponse(part, status=status)
    response["Content-Length"] = str(span.length)
    return _described(response, file)


def _described(response: HttpResponseBase, file: Sendable) -> HttpResponseBase:
    """With the digest of the whole, whatever part of it this is (RFC 9530)."""
    response["Accept-Ranges"] = "bytes"
    response["ETag"] = file.etag
    digits = base64.b64encode(bytes.fromhex(file.digits)).decode()
    response["Repr-Digest"] = f"{file.algorithm_title.lower()}=:{digits}:"
    response["Last-Modified"] = http_date(file.modified.timestamp())
    response["Content-Type"] = UNKNOWN_TYPE
    response["Content-Disposition"] = content_disposition_header(True, file.name) or "attachment"
    return response


def send_checksum(file: Sendable) -> HttpResponse:
    """A file as `sha256sum --check` reads it, or `sha512sum`."""
    response = HttpResponse(f"{file.digits}  {file.name}\n", content_type="text/plain; charset=utf-8")
    name = f"{file.name}.{file.algorithm}"
    response["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    return response
