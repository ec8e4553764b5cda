"""May an image be deleted, brought back from the trash, or deleted for ever? (ims-facts §2.18)"""

from collections.abc import Mapping, Sequence

from django.utils.translation import gettext_lazy as _

from images.fields.rules import name_is_free
from images.models import Image
from imsconsole.accounts.actor import Actor
from imsconsole.accounts.rules import may_write
from imsconsole.cloud.backups.rules import is_at_rest
from imsconsole.core.rules import ALLOWED, Verdict, refuse
from imsconsole.jobs.quotas import fits_quota, used_by

IN_CREATION = (Image.Status.QUEUED, Image.Status.SAVING)
DELETE_FACTS = ("has_live_job", "is_offered", "launching_count")
DELETE_UNASKED_FACTS = (*DELETE_FACTS, "shares_count")
PURGE_FACTS = ("has_live_job",)


def can_delete(image: Image, actor: Actor) -> Verdict:
    """Own images only (R54), neither protected nor offered on the market (R84) nor in creation nor in use by running
    work (R85, C13).

    `image` comes with `DELETE_FACTS`. Servers made from it keep their own link to its bytes (R87).
    """
    if not (verdict := may_write(actor) and _owns(image, actor) and _is_idle(image)):
        return verdict
    if image.is_offered:
        return refuse(
            "offered-image",
            _("This image is offered on the market, so it cannot be deleted. Withdraw its listing first."),
        )
    if image.protected:
        return refuse(
            "protected", _("This image is protected and cannot be deleted. Switch its protection off first.")
        )
    return ALLOWED


def can_delete_unasked(image: Image, actor: Actor) -> Verdict:
    """One that is shared is deleted when its owner has seen who has it, and chosen what becomes of them (R86).

    `image` comes with `DELETE_UNASKED_FACTS`.
    """
    if not (verdict := can_delete(image, actor)):
        return verdict
    if not image.shares_count:
        return ALLOWED
    return refuse(
        "shared",
        _(
            "It is shared with other projects. Delete it by itself, and choose what becomes of those who have it."
        ),
    )


def can_withdraw_deletion(image: Image, actor: Actor) -> Verdict:
    """Keep an image after all, as long as it has not been deleted."""
    if not (verdict := may_write(actor) and _owns(image, actor)):
        return verdict
    if image.delete_at and not image.is_gone:
        return ALLOWED
    return refuse("no-deletion", _("This image is not going to be deleted; there is nothing left to do."))


def _owns(image: Image, actor: Actor) -> Verdict:
    if image.category == Image.Category.PUBLIC:
        return refuse(
            "public-image",
            _("Public images belong to the platform and cannot be deleted. Only private images can."),
        )
    if image.project_id != actor.project.pk:
        return refuse(
            "not-owner", _("Only the owner of an image can delete it. Ask the project it belongs to.")
        )
    return ALLOWED


def _is_idle(image: Image) -> Verdict:
    if image.status in (Image.Status.DELETED, Image.Status.TRASHED):
        return refuse("deleted", _("The image has been deleted already; there is nothing left to do."))
    if image.status in IN_CREATION:
        return refuse(
            "in-creation",
            _("An image cannot be deleted while it is being created. Wait for its job to end, or cancel it."),
        )
    if image.launching_count:
        return refuse(
            "launching",
            _("Servers or disks are being created from this image right now. Wait until they are ready."),
        )
    return _is_free(image)


def _is_free(image: Image) -> Verdict:
    if image.has_live_job:
        return refuse(
            "image-busy",
            _("Other work on this image is still running. Wait until it has finished, or cancel it."),
        )
    return ALLOWED


def can_restore(image: Image, actor: Actor, used: Mapping[str, int] | None = None) -> Verdict:
    """Out of the trash, with its former status, while the quota of images has room for it (R87).

    Whether its name is still free is asked with the name (`name_is_free`).
    """
    return may_write(actor) and _is_trashed(image, actor) and fits_quota(actor.project, {"images": 1}, used)


def can_restore_each(images: Sequence[Image], actor: Actor) -> list[Verdict]:
    """Of each what will be said once those before it are back, under the names they had. Two queries for all."""
    used, names = used_by(actor.project, ("images",)), {image.name for image in images}
    owned = Image.objects.owned_by(actor).filter(name__in=names)
    taken, verdicts = set(owned.values_list("name", flat=True)), []
    for image in images:
        verdict = can_restore(image, actor, used) and name_is_free(image.name, actor, taken)
        if verdict:
            used = {"images": used["images"] + 1}
            taken.add(image.name)
        verdicts.append(verdict)
    return verdicts


def can_purge(image: Image, actor: Actor) -> Verdict:
    """For ever: only out of the trash, and not while work on it is running (R87).

    Nor on the backup that goes with it (R88). `image` comes with `PURGE_FACTS`; load `backup` with it.
    """
    return may_write(actor) and _is_trashed(image, actor) and _is_free(image) and _frees_backup(image)


def _frees_backup(image: Image) -> Verdict:
    goes = image.deletes_backups and image.backup and not image.backup.deleted_at
    return is_at_rest(image.backup) if goes and image.backup else ALLOWED


def _is_trashed(image: Image, actor: Actor) -> Verdict:
    if image.project_id == actor.project.pk and image.status == Image.Status.TRASHED:
        return ALLOWED
    return refuse(
        "not-in-trash",
        _("The image %(name)s is not in the trash of this project (any more)."),
        name=image.name,
    )
