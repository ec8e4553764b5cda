"""May an image be made of an object in a bucket? (ims-facts §1.6, §1.7, §2.4)"""

from django.utils.translation import gettext_lazy as _

from images.receiving.limits import limit_fast_bytes, limit_file_bytes
from images.uploads.rules import has_room
from imsconsole.accounts.actor import Actor
from imsconsole.cloud.buckets.rules import can_import_from
from imsconsole.cloud.buckets.store import is_local
from imsconsole.cloud.models import BucketObject
from imsconsole.core.rules import ALLOWED, Verdict, refuse
from imsconsole.core.text import size
from imsconsole.jobs.quotas import fits_quota

ZVHD = (".zvhd", ".zvhd2")


def can_take_object(bucket_object: BucketObject, actor: Actor, *, is_fast: bool = False) -> Verdict:
    """Who and which bucket (R58), then format (R60), size (R59), quota, room; whatever its name (R65).

    A copy in the data folder is a link and needs no room.
    """
    return (
        can_import_from(bucket_object, actor)
        and has_fit_format(bucket_object.name)
        and _has_fit_size(bucket_object, is_fast)
        and fits_quota(actor.project, {"upload_bytes": bucket_object.size_bytes})
        and (ALLOWED if is_local() else has_room(bucket_object.size_bytes))
    )


def has_fit_format(name: str) -> Verdict:
    """What the name of a file tells."""
    if name.lower().endswith(ZVHD):
        return refuse(
            "zvhd-import",
            _(
                "ZVHD and ZVHD2 are formats of one vendor that no freely available program can read. Convert the "
                "disk to QCOW2, VHD or RAW where it comes from, and upload that."
            ),
        )
    return ALLOWED


def _has_fit_size(bucket_object: BucketObject, is_fast: bool) -> Verdict:
    if not bucket_object.size_bytes:  # IMG.0057
        return refuse("object-empty", _("The object is empty. Choose one that holds a disk."))
    limit = limit_fast_bytes() if is_fast else limit_file_bytes()
    if bucket_object.size_bytes <= limit:
        return ALLOWED
    return refuse(
        "object-too-large",
        _(
            "The object has %(size)s; objects of up to %(limit)s can be imported, and RAW files of up to %(most)s by "
            "fast import."
        ),
        size=size(bucket_object.size_bytes),
        limit=size(limit_file_bytes()),
        most=size(limit_fast_bytes()),
    )
