"""Deleting an image: into the trash, out of it again, and for ever."""

from datetime import datetime

from django.utils.translation import gettext_lazy as _

from images.delete.jobs import DeleteImage
from images.delete.messages import tell_owner, tell_receivers
from images.delete.rules import (
    DELETE_FACTS,
    DELETE_UNASKED_FACTS,
    PURGE_FACTS,
    can_delete,
    can_delete_unasked,
    can_purge,
    can_restore,
    can_withdraw_deletion,
)
from images.fields.rules import name_is_free
from images.models import Image
from images.models.trash import keeps_what_is_deleted
from imsconsole.accounts.actor import Actor
from imsconsole.accounts.log import explain, service
from imsconsole.cloud.backups.services import delete_backup
from imsconsole.core.contention import one_wins
from imsconsole.core.errors import NotFound
from imsconsole.core.locks import locked
from imsconsole.core.now import now
from imsconsole.core.sentences import moment, translated
from imsconsole.jobs.quotas import lock_project
from imsconsole.jobs.start import start_job


@service("deleteImage")
def delete_image(
    image: Image, *, from_all: bool = False, deletes_backups: bool = False, actor: Actor
) -> Image:
    """Delete an image: it is gone for everybody at once, and its name is free.

    For `IMS_TRASH_DAYS` it can be brought back, also for those it is shared with; one that has nothing to bring back
    goes for good. `from_all`: its owner has chosen to take it from them (R86). `deletes_backups`: those of a full-ECS
    image go with it when it goes for ever (R88). Raises Refused. Servers made from it run on.
    """
    images = Image.objects.with_facts(actor, *DELETE_UNASKED_FACTS).select_related("backup")
    image = locked(images, image.pk)
    (can_delete if from_all else can_delete_unasked)(image, actor).require()
    return _delete(image, actor, deletes_backups=deletes_backups)


@service("planImageDeletion")
def plan_deletion(image: Image, *, at: datetime, deletes_backups: bool = False, actor: Actor) -> Image:
    """Have the clock delete an image from `at` on, as soon as no other project has it any more (R86).

    Until then it is not shared with anybody else. Raises Refused.
    """
    image = locked(Image.objects.with_facts(actor, *DELETE_FACTS).select_related("backup"), image.pk)
    can_delete(image, actor).require()
    image.delete_at, image.deletes_backups = at, deletes_backups
    image.save(update_fields=["delete_at", "deletes_backups"])
    return explain(image, translated(_("from %(at)s on"), at=moment(at)))


@service("withdrawImageDeletion")
def withdraw_deletion(image: Image, *, actor: Actor) -> Image:
    """Keep an image that was to be deleted. What was announced to others is not changed by it. Raises Refused."""
    image = locked(Image.objects.all(), image.pk)
    can_withdraw_deletion(image, actor).require()
    image.delete_at, image.deletes_backups = None, False
    image.save(update_fields=["delete_at", "deletes_backups"])
    return image


@service("deleteImage")
def delete_due_image(image: Image, *, actor: Actor) -> Image:
    """What the clock does with an image that was to be deleted. Raises Refused; NotFound: it is not due (any more)."""
    image = locked(Image.objects.with_facts(actor, *DELETE_FACTS).select_related("backup"), image.pk)
    if not Image.objects.due_for_deletion().filter(pk=image.pk).exists():
        raise NotFound
    can_delete(image, actor).require()
    tell_owner("planned-deletion-done", image)
    return _delete(image, actor, deletes_backups=image.deletes_backups)


def _delete(image: Image, actor: Actor, *, deletes_backups: bool) -> Image:
    """Into the trash, or for good when nothing of it can be brought back."""
    tell_receivers("shared-image-deleted", image)
    if not keeps_what_is_deleted(image.status):
        image.deletes_backups = deletes_backups
        return _remove(image, actor)
    fields = image.put_into_trash(actor.user, deletes_backups=deletes_backups)
    image.updated_at = now()
    image.save(update_fields=[*fields, "updated_at"])
    return image


@service("restoreImage")
def restore_image(image: Image, *, name: str = "", actor: Actor) -> Image:
    """Bring an image back from the trash, with its former status; under another name when one is given.

    Raises Refused: also when the name was taken meanwhile, by whoever came first.
    """
    lock_project(actor.project)
    image = locked(Image.objects.all(), image.pk)
    can_restore(image, actor).require()
    image.name = name or image.name
    name_is_free(image.name, actor).require()
    fields = image.take_out_of_trash()
    image.updated_at = now()
    with one_wins(lambda: name_is_free(image.name, actor)):
        image.save(update_fields=["name", *fields, "updated_at"])
    tell_receivers("shared-image-restored", image)
    return image


@service("purgeImage")
def purge_image(image: Image, *, actor: Actor) -> Image:
    """Delete an image that is in the trash for ever; a job removes its bytes. Raises Refused."""
    image = locked(Image.objects.with_facts(actor, *PURGE_FACTS).select_related("backup"), image.pk)
    can_purge(image, actor).require()
    return _remove(image, actor)


def _remove(image: Image, actor: Actor) -> Image:
    """The row stays for the lineage. Its backup goes along when that was said (R88). Raises Refused: it is at work."""
    image.status, image.status_before, image.kept_until = Image.Status.DELETED, "", None
    image.delete_at = None
    image.deleted_at = image.updated_at = now()
    image.save(
        update_fields=[
            "status", "status_before", "kept_until", "delete_at", "deletes_backups", "deleted_at", "updated_at",
        ]
    )  # fmt: skip
    if image.disks.exclude(stored=None).exists():
        start_job(DeleteImage, image, actor=actor)
    if image.backup and image.deletes_backups and not image.backup.deleted_at:
        delete_backup(image.backup, actor=actor)
    return image
