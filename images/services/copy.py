"""Copy an image."""

from collections.abc import Callable

from django.db import IntegrityError, transaction

from images.copies import inherit_tags, locked_source, new_copy, new_disks
from images.jobs_copy import CopyImage
from images.jobs_copy_across import CopyImageAcross
from images.models import Image
from images.rules.copy import Copy, CopyAcross, can_order_copy, can_order_copy_across
from imsconsole.accounts.actor import Actor
from imsconsole.accounts.models import Project
from imsconsole.audit.trail import service
from imsconsole.cloud.models import Key
from imsconsole.jobs.quotas import lock_project
from imsconsole.jobs.start import start_job


@service("copyImage")
def copy_image(
    image: Image, *, name: str, description: str = "", key: Key | None = None, actor: Actor
) -> Image:
    """A new image with the content of `image`, in the same project, encrypted with `key` or not at all.

    It has an ID of its own, and neither is changed by what becomes of the other (R83). A job does the
    work, at once where the bytes stay as they are. Raises Refused.
    """
    order = Copy(locked_source(image, actor), name, key)
    lock_project(actor.project)
    can_order_copy(order, actor).require()
    quota = order.quota(actor)
    copy = new_copy(order.image, actor.project, name=name, description=description, key=key)
    copy.created_by = actor.user
    _save(copy, lambda: can_order_copy(order, actor).require())
    inherit_tags(order.image, copy)
    start_job(
        CopyImage,
        copy,
        actor=actor,
        reserves={"store_bytes": quota["store_bytes"]},
        disks=new_disks(order.image),
        key=str(key.pk) if key else "",
        source_key=str(order.image.key_id or ""),
    )
    return copy


@service("copyImageAcross")
def copy_image_across(
    image: Image, *, target: Project, name: str, description: str = "", actor: Actor
) -> Image:
    """A new image with the content of `image` in the project `target` of another region; a job brings the bytes.

    It belongs to that project and takes of its quotas. Raises Refused.
    """
    order = CopyAcross(locked_source(image, actor), name, target)
    lock_project(target)
    can_order_copy_across(order, actor).require()
    copy = new_copy(order.image, target, name=name, description=description)
    copy.created_by = actor.user
    _save(copy, lambda: can_order_copy_across(order, actor).require())
    inherit_tags(order.image, copy)
    start_job(
        CopyImageAcross,
        copy,
        actor=actor,
        reserves={"store_bytes": order.quota["store_bytes"]},
        disks=new_disks(order.image),
    )
    return copy


def _save(copy: Image, ask: Callable[[], None]) -> None:
    """Two who choose the same name at once: the database lets one in, the other reads a sentence (R39)."""
    try:
        with transaction.atomic():
            copy.save(force_insert=True)
    except IntegrityError:
        ask()
        raise
