"""The bytes of one object on their way in, from wherever they come."""

import hashlib
import os
import time
from typing import BinaryIO

from django.db import transaction

from imsconsole.accounts.actor import Actor
from imsconsole.cloud.buckets.rules import can_upload_object
from imsconsole.cloud.buckets.services import keep_object
from imsconsole.cloud.buckets.store import incoming_path, put_in_place, remove_bytes
from imsconsole.cloud.models import Bucket, BucketObject
from imsconsole.cloud.models.buckets import KEY_BYTES
from imsconsole.core.contention import retried
from imsconsole.core.errors import Conflict, NotFound
from imsconsole.core.full_disk import raises_no_space
from imsconsole.core.locks import locked
from imsconsole.core.now import now
from imsconsole.jobs.quotas import lock_project

NOTED_EVERY_S = 5


class Arrival:
    """Takes in an object: reserve, `feed` its bytes, then `keep` or `abandon`.

    Nothing is seen of it before `keep`; memory stays the same for every size. Raises Refused (quota, room),
    NotFound (the bucket was deleted), Conflict (more bytes than announced), NoSpace.
    """

    def __init__(self, bucket: Bucket, *, key: str, size_bytes: int, actor: Actor) -> None:
        self.actor = actor
        self.size_bytes = 0
        self.row = _reserved(bucket, key, size_bytes, actor)
        self._hash = hashlib.sha256()
        self._noted_at = time.monotonic()
        self._file = self._opened()

    @raises_no_space()
    def _opened(self) -> BinaryIO:
        path = incoming_path(self.row.pk)
        try:
            return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb", buffering=0)
        except OSError:
            self.row.delete()
            raise

    @raises_no_space()
    def feed(self, chunk: bytes) -> None:
        """The next bytes, any number."""
        self.size_bytes += len(chunk)
        if self.size_bytes > self.row.size_bytes:
            raise Conflict("upload-longer", name=self.row.key)
        self._hash.update(chunk)
        rest = memoryview(chunk)
        while rest:
            rest = rest[self._file.write(rest) :]
        if time.monotonic() - self._noted_at >= NOTED_EVERY_S:
            self._note()

    def _note(self) -> None:
        """A sign of life, or the clock would take it for dead."""
        self._noted_at = time.monotonic()
        if not BucketObject.objects.arriving().filter(pk=self.row.pk).update(noted_at=now()):
            raise NotFound("upload-gone", name=self.row.key)

    def keep(self, key: str = "") -> BucketObject:
        """All bytes are here: the object, under `key` if it is another than announced. Else nothing is left."""
        try:
            self._finish()
            put_in_place(self.row.pk)
            return keep_object(
                self.row,
                key=key or self.row.key,
                size_bytes=self.size_bytes,
                sha256=self._hash.hexdigest(),
                actor=self.actor,
            )
        except BaseException:
            self.abandon()
            raise

    @raises_no_space()
    def _finish(self) -> None:
        os.fsync(self._file.fileno())
        self._file.close()
        self._note()

    def abandon(self) -> None:
        """Leave nothing of it: neither bytes nor what was reserved."""
        self._file.close()
        BucketObject.objects.arriving().filter(pk=self.row.pk).delete()
        remove_bytes(self.row.pk)


@retried
@transaction.atomic
def _reserved(bucket: Bucket, key: str, size_bytes: int, actor: Actor) -> BucketObject:
    """The row that holds the quota. The bucket cannot be deleted from now on."""
    lock_project(actor.project)
    locked(Bucket.objects.visible_to(actor), bucket.pk)
    can_upload_object(bucket, actor, size_bytes).require()
    return BucketObject.objects.create(
        bucket=bucket, key=key[:KEY_BYTES], size_bytes=size_bytes, created_by=actor.user
    )
