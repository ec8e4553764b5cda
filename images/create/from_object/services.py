"""Take an object of a bucket as the file of an image."""

from typing import cast

from images.create.from_object.jobs import TakeObject
from images.create.from_object.rules import can_take_object
from images.models import Upload
from images.models.upload import kept_until
from imsconsole.accounts.actor import Actor
from imsconsole.accounts.log import service
from imsconsole.accounts.models import User
from imsconsole.cloud.buckets.store import is_local
from imsconsole.cloud.models import BucketObject
from imsconsole.core.locks import locked
from imsconsole.jobs.quotas import lock_project
from imsconsole.jobs.start import start_job

ORIGIN_LENGTH = 255


@service("takeObject")
def take_object(
    bucket_object: BucketObject, *, actor: Actor, claimed_format: str = "", is_fast: bool = False
) -> Upload:
    """An upload that gets the object's bytes; its quota is reserved. Raises Refused, NotFound.

    Bytes that lie elsewhere are fetched by a job; others are linked by the caller (`taking`).
    """
    lock_project(actor.project)
    objects = BucketObject.objects.visible_to(actor).select_related("bucket__project")
    row = locked(objects, bucket_object.pk)
    can_take_object(row, actor, is_fast=is_fast).require()
    upload = Upload.objects.create(
        project=actor.project,
        user=cast(User, actor.user),
        name=row.name,
        origin=f"{row.bucket.name}:{row.key}"[:ORIGIN_LENGTH],
        size_bytes=row.size_bytes,
        is_fast=is_fast,
        claimed_format=claimed_format,
        claimed_sha256=row.sha256,
        expires_at=kept_until(),
    )
    if not is_local():
        start_job(TakeObject, upload, actor=actor, object=str(row.pk), size_bytes=row.size_bytes)
    return upload
