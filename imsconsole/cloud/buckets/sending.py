"""An object on its way out; and signed links, with which anybody gets one version of one object until a moment, without
signing in.
"""

from datetime import UTC, datetime, timedelta
from typing import Any, BinaryIO, cast
from uuid import UUID

from django.core import signing
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.utils.http import content_disposition_header

from imsconsole.cloud.buckets.store import is_local, open_object, storage, stored_name
from imsconsole.cloud.models import BucketObject
from imsconsole.core.errors import NotFound
from imsconsole.core.now import furthest, now
from imsconsole.core.sending import UNKNOWN_TYPE, Sendable, send_file

REDIRECT_S = 300  # within which a browser follows to the storage
SALT = "buckets.link"
LONGEST = timedelta(days=7)  # that a link works


def send_object(request: HttpRequest, bucket_object: BucketObject) -> HttpResponseBase:
    """The answer to GET or HEAD. Raises NotFound when the bytes are gone."""
    return send_file(request, _sendable(bucket_object)) if is_local() else _redirect(bucket_object)


def _sendable(bucket_object: BucketObject) -> Sendable:
    def opened(start: int) -> BinaryIO:
        file: Any = open_object(bucket_object)
        file.seek(start)
        return cast(BinaryIO, file)

    about = bucket_object
    return Sendable(about.name, about.size_bytes, f"sha256:{about.sha256}", about.created_at, opened)


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
