"""Copy an image."""

from typing import Any

from images.copy.jobs import CopyImage
from images.copy.jobs_across import CopyImageAcross
from images.copy.rows import inherit_tags, new_backup_copy, new_copy, new_disks
from images.copy.rules import COPY_FACTS, Copy, CopyAcross, can_order_copy, can_order_copy_across
from images.models import Image, ImageQuerySet
from imsconsole.accounts.actor import Actor, service_actor
from imsconsole.accounts.log import service
from imsconsole.accounts.models import Project
from imsconsole.cloud.models import Key, Vault
from imsconsole.cloud.stored.rows import use_stored
from imsconsole.core.contention import one_wins
from imsconsole.core.locks import locked
from imsconsole.jobs.quotas import lock_project
from imsconsole.jobs.start import start_job


@service("copyImage")
def copy_image(
    image: Image,
    *,
    name: str,
    description: str = "",
    key: Key | None = None,
    kind: type[CopyImage] = CopyImage,
    actor: Actor,
) -> Image:
    """A new image with the content of `image`, in the actor's project, encrypted with `key` or not at all.

    It has an ID of its own, and neither is changed by what becomes of the other (R83). A job of `kind` does
    the work, at once where the bytes stay as they are. Raises Refused.
    """
    lock_project(actor.project)
    order = Copy(locked(_sources(actor), image.pk), name, key)
    can_order_copy(order, actor).require()
    quota = order.quota(actor)
    copy = new_copy(order.image, actor.project, name=name, description=description, key=key)
    copy.created_by = actor.user
    with one_wins(lambda: can_order_copy(order, actor)):
        copy.save(force_insert=True)
    inherit_tags(order.image, copy)
    job = start_job(
        kind,
        copy,
        actor=actor,
        reserves={"store_bytes": quota["store_bytes"]},
        disks=new_disks(order.image),
        key=str(key.pk) if key else "",
        source_key=str(order.image.key_id or ""),
    )
    use_stored(job, order.image.disks.all())
    return copy


@service("copyImageAcross")
def copy_image_across(
    image: Image,
    *,
    target: Project,
    name: str,
    description: str = "",
    vault: Vault | None = None,
    actor: Actor,
) -> Image:
    """A new image with the content of `image` in the project `target` of another region; a job brings the bytes.

    It belongs to that project and takes of its quotas. A full-ECS image goes with its backup, into `vault` there
    (R82). Raises Refused, NotFound.
    """
    lock_project(target)
    source = locked(_sources(actor), image.pk)
    into = (
        locked(Vault.objects.for_change(service_actor(target)), vault.pk) if vault and source.backup else None
    )
    order = CopyAcross(source, name, target, into)
    can_order_copy_across(order, actor).require()
    copy = new_copy(source, target, name=name, description=description)
    copy.created_by = actor.user
    with one_wins(lambda: can_order_copy_across(order, actor)):
        copy.save(force_insert=True)
    inherit_tags(source, copy)
    backed_up: dict[str, Any] = {}
    if source.backup and into:
        copy.backup = new_backup_copy(copy, source.backup, into)
        copy.save(update_fields=["backup"])
        backed_up = {"backup_id": str(copy.backup.pk), "holds": {str(copy.backup.pk): True}}
    job = start_job(
        CopyImageAcross,
        copy,
        actor=actor,
        reserves={"store_bytes": order.quota["store_bytes"]},
        disks=new_disks(source),
        **backed_up,
    )
    use_stored(job, source.disks.all())
    return copy


def _sources(actor: Actor) -> ImageQuerySet:
    return Image.objects.with_facts(actor, *COPY_FACTS).select_related("key")
