"""What may be done with buckets and objects: who, then state, then quota."""

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.actor import Actor
from imsconsole.accounts.rules import may_write
from imsconsole.cloud.buckets.store import arrived_bytes
from imsconsole.cloud.engines import promised_room
from imsconsole.cloud.models import Bucket, BucketObject
from imsconsole.core.edits import told_of
from imsconsole.core.room import SPARE_BYTES
from imsconsole.core.rules import ALLOWED, Verdict, refuse
from imsconsole.core.sentences import refuse_as
from imsconsole.jobs.quotas import fits_quota


def can_create_bucket(actor: Actor) -> Verdict:
    """Who may write, as long as the quota lasts."""
    return may_write(actor) and fits_quota(actor.project, {"buckets": 1})


def is_free_bucket_name(name: str) -> Verdict:
    """Names are unique on the whole platform, as they are with OBS."""
    if Bucket.objects.filter(name=name).exists():
        return refuse(
            "bucket-name-taken",
            _("A bucket called “%(name)s” exists already, here or in another project. Choose another name."),
            name=name,
        )
    return ALLOWED


def can_delete_bucket(bucket: Bucket, actor: Actor) -> Verdict:
    """Only an empty bucket. `bucket` comes with its facts."""
    if not (verdict := may_write(actor)):
        return verdict
    if bucket.has_objects:
        return refuse(
            "bucket-not-empty",
            _("The bucket “%(name)s” is not empty. Delete its objects first, and wait for running uploads."),
            name=bucket.name,
        )
    return ALLOWED


def can_upload_object(bucket: Bucket, actor: Actor, size_bytes: int = 1) -> Verdict:
    """Who may write, as long as quota and disk have room for `size_bytes` more."""
    if not (verdict := may_write(actor) and fits_quota(actor.project, {"bucket_bytes": size_bytes})):
        return verdict
    free = promised_room().free_bytes(settings.BUCKET_DIR) - announced_bytes()
    return ALLOWED if free >= size_bytes + SPARE_BYTES else refuse_as("no-space")


def announced_bytes() -> int:
    """What was announced of objects and has not come yet."""
    arriving = BucketObject.objects.arriving().filter(size_bytes__gt=0).values_list("pk", "size_bytes")
    return sum(max(0, size - arrived_bytes(pk)) for pk, size in arriving)


def can_delete_object(bucket_object: BucketObject, actor: Actor) -> Verdict:
    """Whoever reads it right now gets it to the end."""
    return may_write(actor)


def can_link_object(bucket_object: BucketObject, actor: Actor) -> Verdict:
    """A link lets people in who have no account here, so making one needs a role that writes."""
    return may_write(actor)


def can_export_to(bucket: Bucket, actor: Actor) -> Verdict:
    """Images go to Standard buckets only (R77); the region is the project's."""
    return may_write(actor) and is_standard(bucket)


def can_import_from(bucket_object: BucketObject, actor: Actor) -> Verdict:
    """Images come from Standard buckets only (R58); the region is the project's."""
    return may_write(actor) and is_standard(bucket_object.bucket)


def is_standard(bucket: Bucket) -> Verdict:
    if bucket.storage_class == Bucket.StorageClass.STANDARD:
        return ALLOWED
    return refuse(
        "bucket-not-standard",
        _(
            "The bucket “%(name)s” has the storage class %(kind)s. Images are imported from and exported to "
            "Standard buckets only; choose another bucket."
        ),
        name=bucket.name,
        kind=told_of(bucket, "storage_class"),
    )
