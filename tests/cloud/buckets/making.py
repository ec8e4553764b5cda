"""Objects with real bytes, as uploads make them."""

from typing import Any

from imsconsole.cloud.buckets.arrivals import Arrival
from imsconsole.cloud.models import Bucket, BucketObject


def stored(bucket: Bucket, actor: Any, key: str = "disk.raw", content: bytes = b"content") -> BucketObject:
    """An object that has just been uploaded."""
    arrival = Arrival(bucket, key=key, size_bytes=len(content), actor=actor)
    arrival.eat(content)
    return arrival.keep()
