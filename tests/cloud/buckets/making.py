"""Objects with real bytes, as uploads make them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.core.files.storage import FileSystemStorage
from django.test import override_settings

from imsconsole.cloud.buckets.arrivals import Arrival
from imsconsole.cloud.models import Bucket, BucketObject


def stored(bucket: Bucket, actor: Any, key: str = "disk.raw", content: bytes = b"content") -> BucketObject:
    """An object that has just been uploaded."""
    arrival = Arrival(bucket, key=key, size_bytes=len(content), actor=actor)
    arrival.feed(content)
    return arrival.keep()


class Elsewhere(FileSystemStorage):
    """A storage that hands out no paths, as S3 does."""

    def path(self, name: str) -> str:
        raise NotImplementedError

    def __getattribute__(self, name: str) -> Any:
        if name in ("open", "save", "delete", "exists", "listdir", "size"):
            inside = FileSystemStorage(settings.BUCKET_DIR / "objects", file_permissions_mode=0o444)
            return getattr(inside, name)
        return super().__getattribute__(name)


@contextmanager
def bytes_elsewhere() -> Iterator[None]:
    """As if the objects of the buckets lay on another host."""
    elsewhere = {"BACKEND": "tests.cloud.buckets.making.Elsewhere"}
    with override_settings(STORAGES={**settings.STORAGES, "buckets": elsewhere}):
        yield
