"""Signed links: with one, anybody gets one version of one object until a moment, without signing in."""

from datetime import UTC, datetime
from uuid import UUID

from django.core import signing

from imsconsole.cloud.models import BucketObject
from imsconsole.core.errors import NotFound
from imsconsole.core.now import now

SALT = "buckets.link"


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
    if bucket_object is None or datetime.fromtimestamp(until, UTC) <= now():
        raise NotFound("link-over")
    return bucket_object
