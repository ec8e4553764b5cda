"""An object on its way out: the whole, or the part a client asks for (RFC 9110, 14); and signed links, with which anybody
gets one version of one object until a moment, without signing in.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.core import signing
from django.core.files import File
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.utils.cache import get_conditional_response
from django.utils.http import content_disposition_header, http_date, parse_http_date_safe

from imsconsole.cloud.buckets.services import UNKNOWN_TYPE
from imsconsole.cloud.buckets.store import is_local, open_object, storage, stored_name
from imsconsole.cloud.models import BucketObject
from imsconsole.core.errors import NotFound
from imsconsole.core.now import furthest, now

RANGE = re.compile(r"bytes=[ \t]*([0-9]{0,18})-([0-9]{0,18})[ \t]*", re.ASCII)
REDIRECT_S = 300  # within which a browser follows to the storage
SALT = "buckets.link"
LONGEST = timedelta(days=7)  # that a link works


@dataclass(frozen=True)
class Span:
    """Bytes of an object from `start`, `length` of them; nothing of it can be sent when `length` is 0."""

    start: int
    length: int


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

    def __init__(self, file: File, span: Span) -> None:
        self._file, self._left = file, span.length
        self.fileno = file.fileno
        file.seek(span.start)

    def read(self, size: int = -1) -> bytes:
        piece = self._file.read(self._left if size < 0 else min(size, self._left))
        self._left -= len(piece)
        return bytes(piece)

    def close(self) -> None:
        self._file.close()


def send_object(request: HttpRequest, bucket_object: BucketObject) -> HttpResponseBase:
    """The answer to GET or HEAD. Raises NotFound when the bytes are gone.

    Always to be saved and always of the same type, whatever the object claims to be: a page or a script that
    somebody uploaded is never run as one of ours.
    """
    if not is_local():
        return _redirect(bucket_object)
    modified = int(bucket_object.created_at.timestamp())
    unchanged = get_conditional_response(request, etag=bucket_object.etag, last_modified=modified)
    if unchanged is not None:
        return _described(unchanged, bucket_object)
    span = asked_span(request.headers.get("Range", ""), bucket_object.size_bytes)
    if span is None or request.method != "GET" or not _is_still(request, bucket_object):
        return _answer(request, bucket_object, Span(0, bucket_object.size_bytes), 200)
    if not span.length:
        response = _described(HttpResponse(status=416), bucket_object)
        response["Content-Range"] = f"bytes */{bucket_object.size_bytes}"
        return response
    response = _answer(request, bucket_object, span, 206)
    last = span.start + span.length - 1
    response["Content-Range"] = f"bytes {span.start}-{last}/{bucket_object.size_bytes}"
    return response


def _is_still(request: HttpRequest, bucket_object: BucketObject) -> bool:
    """Whether what a client has a part of is this version (If-Range); no part of another may be put to it."""
    version = request.headers.get("If-Range", "").strip()
    if not version or version == bucket_object.etag:
        return True
    return parse_http_date_safe(version) == int(bucket_object.created_at.timestamp())


def _answer(request: HttpRequest, bucket_object: BucketObject, span: Span, status: int) -> HttpResponseBase:
    part: Any = FilePart(open_object(bucket_object), span)
    response = FileResponse(part, status=status)
    response["Content-Length"] = str(span.length)
    return _described(response, bucket_object)


def _described(response: HttpResponseBase, bucket_object: BucketObject) -> HttpResponseBase:
    response["Accept-Ranges"] = "bytes"
    response["ETag"] = bucket_object.etag
    response["Last-Modified"] = http_date(bucket_object.created_at.timestamp())
    response["Content-Type"] = UNKNOWN_TYPE
    response["Content-Disposition"] = content_disposition_header(True, bucket_object.name) or "attachment"
    return response


def _redirect(bucket_object: BucketObject) -> HttpResponse:
    """To the storage itself, which knows parts and versions, for a few minutes."""
    remote: Any = storage()
    headers = {
        "ResponseContentDisposition": content_disposition_header(True, bucket_object.name),
        "ResponseContentType": UNKNOWN_TYPE,
    }
    url = remote.url(stored_name(bucket_object.pk), parameters=headers, expire=REDIRECT_S)
    return HttpResponseRedirect(url)


def token_of(bucket_object: BucketObject, until: datetime) -> str:
    """The part of a link's address that nobody else can make."""
    return signing.dumps([bucket_object.pk.hex, int(until.timestamp())], salt=SALT)


def object_of(token: str) -> BucketObject:
    """What a token is for. Raises NotFound when it is wrong or over, or the object is gone or replaced."""
    try:
        key, until = signing.loads(token, salt=SALT)
    except signing.BadSignature as error:
        raise NotFound("link-over") from error
    bucket_object = BucketObject.objects.stored().filter(pk=UUID(key)).first()
    if bucket_object is None or not now() < datetime.fromtimestamp(until, UTC) <= furthest(LONGEST):
        raise NotFound("link-over")
    return bucket_object
