"""Objects that a job makes: expected from its beginning, there only when they are whole.

What is expected holds its name and keeps its bucket from being deleted. Each attempt of the job collects the
bytes under an ID of its own, so a worker that wakes up late can touch only what it made itself.
"""

import mimetypes
import os
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

from imsconsole.cloud.buckets.store import incoming_path, put_in_place, remove_bytes
from imsconsole.cloud.models import Bucket, BucketObject
from imsconsole.core.errors import Conflict, NotFound
from imsconsole.core.full_disk import raises_no_space
from imsconsole.core.locks import locked_all
from imsconsole.core.now import now
from imsconsole.core.sending import UNKNOWN_TYPE
from imsconsole.jobs.models import Job
from imsconsole.jobs.quotas import fits_quota, lock_project

ARG = "object"  # of a job: the ID of what it is expected to make


def expect_object(pk: UUID, *, bucket: Bucket, key: str, user: Any) -> BucketObject:
    """Hold a name in a bucket. What it takes of the quota is the job's reservation."""
    return BucketObject.objects.create(pk=pk, bucket=bucket, key=key, size_bytes=0, created_by=user)


def attempted(pk: UUID, attempt: int) -> UUID:
    """Under which ID an attempt collects what is expected."""
    return uuid5(pk, str(attempt))


def expected_by_jobs() -> set[UUID]:
    """What live jobs are expected to make: it arrives, however long nothing is heard of it."""
    found = Job.objects.live().filter(args__has_key=ARG).values_list("args", "attempt")
    pairs = [(UUID(args[ARG]), attempt) for args, attempt in found]
    return {pk for pk, _ in pairs} | {attempted(pk, attempt) for pk, attempt in pairs}


def begin_attempt(pk: UUID, attempt: int) -> UUID:
    """The row that owns an attempt's bytes; in the job's fence. Raises NotFound when the bucket is gone."""
    expected = BucketObject.objects.arriving().filter(pk=pk).first()
    if expected is None:
        raise NotFound("bucket-gone")
    own = attempted(pk, attempt)
    fields = {"bucket": expected.bucket, "key": expected.key, "created_by": expected.created_by}
    BucketObject.objects.get_or_create(pk=own, defaults={**fields, "size_bytes": 0})
    return own


@raises_no_space()
def place_file(pk: UUID, path: Path) -> None:
    """Put a finished file to the storage as the bytes of `pk`; a link where that is possible. Raises NoSpace."""
    incoming = incoming_path(pk)
    incoming.unlink(missing_ok=True)
    os.link(path, incoming)
    put_in_place(pk)


def keep_expected(pk: UUID, own: UUID, *, size_bytes: int, sha256: str) -> None:
    """The object is there, under its name; in the job's fence, with its reservation gone.

    Raises Conflict: the name was taken, or the file turned out larger than the quota has room for.
    """
    row = BucketObject.objects.select_related("bucket__project").get(pk=own)
    if row.state == BucketObject.State.STORED:
        return
    lock_project(row.bucket.project)
    locked_all(BucketObject.objects.filter(pk__in=[own, pk]))
    if not fits_quota(row.bucket.project, {"bucket_bytes": size_bytes}):
        raise Conflict("bucket-quota-reached")
    if row.bucket.bucket_objects.stored().filter(key=row.key).exists():
        raise Conflict("object-exists", bucket=row.bucket.name, key=row.key)
    row.state, row.size_bytes, row.sha256 = BucketObject.State.STORED, size_bytes, sha256
    row.content_type = mimetypes.guess_type(row.key, strict=False)[0] or UNKNOWN_TYPE
    row.created_at = now()
    row.save(update_fields=["state", "size_bytes", "sha256", "content_type", "created_at"])
    BucketObject.objects.arriving().filter(pk=pk).delete()


def forget_attempt(own: UUID) -> None:
    """Remove what an attempt made, row and bytes, unless it has become the object."""
    if not BucketObject.objects.stored().filter(pk=own).exists():
        BucketObject.objects.filter(pk=own).delete()
        remove_bytes(own)
