"""Create and delete buckets; keep, delete and hand out objects."""

import mimetypes
from datetime import datetime
from functools import partial

from django.db import transaction
from django.db.models import Q

from imsconsole.accounts.actor import Actor
from imsconsole.accounts.log import service
from imsconsole.cloud.buckets import rules
from imsconsole.cloud.buckets.store import remove_bytes
from imsconsole.cloud.models import Bucket, BucketObject
from imsconsole.core.contention import one_wins
from imsconsole.core.errors import NotFound
from imsconsole.core.locks import locked, locked_all
from imsconsole.core.now import now
from imsconsole.core.sending import UNKNOWN_TYPE
from imsconsole.jobs.quotas import lock_project


@service("createBucket")
def create_bucket(*, name: str, storage_class: str, actor: Actor) -> Bucket:
    """Make an empty bucket. Raises Refused, also for a name that is taken anywhere on the platform."""
    lock_project(actor.project)
    rules.can_create_bucket(actor).require()
    rules.is_free_bucket_name(name).require()
    bucket = Bucket(project=actor.project, name=name, storage_class=storage_class, created_by=actor.user)
    with one_wins(lambda: rules.is_free_bucket_name(name)):
        bucket.save(force_insert=True)
    return bucket


@service("deleteBucket")
def delete_bucket(bucket: Bucket, *, actor: Actor) -> Bucket:
    """Delete an empty bucket; its name is free at once. Raises Refused, NotFound."""
    row = locked(Bucket.objects.visible_to(actor).with_facts(), bucket.pk, is_alone=True)
    rules.can_delete_bucket(row, actor).require()
    row.delete()
    row.pk = bucket.pk  # for the audit row
    return row


@service("uploadObject")
def keep_object(
    arriving: BucketObject, *, key: str, size_bytes: int, sha256: str, actor: Actor
) -> BucketObject:
    """All bytes are in place: the object is there, instead of one that had its key.

    Raises Refused, and NotFound when bucket or upload are gone; then the caller removes the bytes.
    """
    bucket = locked(Bucket.objects.visible_to(actor).with_facts(), arriving.bucket_id, is_alone=True)
    rules.can_upload_object(bucket, actor, 0).require()
    locked_all(bucket.bucket_objects.filter(Q(pk=arriving.pk) | Q(key=key, state=BucketObject.State.STORED)))
    for old in bucket.bucket_objects.stored().filter(key=key):
        _remove(old)
    kept = {
        "key": key,
        "state": BucketObject.State.STORED,
        "size_bytes": size_bytes,
        "sha256": sha256,
        "content_type": mimetypes.guess_type(key, strict=False)[0] or UNKNOWN_TYPE,
        "created_at": now(),
    }
    if not BucketObject.objects.arriving().filter(pk=arriving.pk).update(**kept):
        raise NotFound("upload-gone", name=key)
    return BucketObject.objects.get(pk=arriving.pk)


@service("deleteObject")
def delete_object(bucket_object: BucketObject, *, actor: Actor) -> BucketObject:
    """Delete an object and its bytes; its links end. Raises Refused, NotFound."""
    row = locked(BucketObject.objects.visible_to(actor), bucket_object.pk, is_alone=True)
    rules.can_delete_object(row, actor).require()
    _remove(row)
    row.pk = bucket_object.pk  # for the audit row
    return row


@service("createObjectLink")
def link_object(bucket_object: BucketObject, *, until: datetime, actor: Actor) -> BucketObject:
    """Note that somebody makes a link (`links.token_of`) with which anybody gets the object until then."""
    rules.can_link_object(bucket_object, actor).require()
    return bucket_object


def _remove(bucket_object: BucketObject) -> None:
    """First the row, then the bytes: what a crash leaves in between, the clock removes."""
    transaction.on_commit(partial(remove_bytes, bucket_object.pk), robust=True)
    bucket_object.delete()
