"""May an image be shared with other projects? With whom, says the room `sharing`. (ims-facts §2.14)"""

from django.utils.translation import gettext as _

from images.fields.encryption import keys_of
from images.models import Image
from imsconsole.accounts.actor import Actor
from imsconsole.accounts.rules import may_write
from imsconsole.core.rules import ALLOWED, Verdict, first_refusal, refuse

FULL_SOURCES = (Image.Source.SERVER, Image.Source.BACKUP)


def can_share(image: Image, actor: Actor) -> Verdict:
    """Own private images in state Normal (R16, R40, R50, R51), not ISO; protection is no reason against it.

    Not while it is offered on the market (R16) or to be deleted (R86). Encrypted ones only with a key of one's own making
    (R46), full-ECS ones by their source (R17). `image` comes from `with_facts`, in lists also from `with_keys`.
    """
    if not (verdict := may_write(actor)):
        return verdict
    return first_refusal(
        _is_own(image, actor),
        _is_normal(image),
        _is_not_offered(image),
        is_to_stay(image),
        _has_shareable_type(image),
        _has_shareable_source(image),
        _has_grantable_keys(image),
    )


def _is_own(image: Image, actor: Actor) -> Verdict:
    if image.category == Image.Category.PUBLIC:
        return refuse(
            "public-image", _("Public images are everybody's already. Only private images are shared.")
        )
    if image.category == Image.Category.MARKET:
        return refuse("market-image", _("Market images are offered to everybody already."))
    if image.project_id != actor.project.pk:
        return refuse(
            "not-owner",
            _(
                "This image belongs to another project, and only its owner can share it. Copy it to a private image."
            ),
        )
    return ALLOWED


def _is_normal(image: Image) -> Verdict:
    if image.status == Image.Status.ACTIVE:
        return ALLOWED
    return refuse(
        "not-active",
        _("Only images in state “Normal” can be shared; this one is in state “%(status)s”.")
        % {"status": image.get_status_display()},
    )


def _is_not_offered(image: Image) -> Verdict:
    """R16."""
    if not image.is_offered:
        return ALLOWED
    return refuse(
        "offered-image",
        _("This image is offered on the market, so it cannot be shared. Withdraw its listing first."),
    )


def is_to_stay(image: Image) -> Verdict:
    """Whether its owner has not planned to delete it (R86)."""
    if image.delete_at is None:
        return ALLOWED
    return refuse(
        "to-be-deleted", _("The image is going to be deleted. Keep it first: its page has a button for that.")
    )


def _has_shareable_type(image: Image) -> Verdict:
    if image.type == Image.Type.ISO:
        return refuse(
            "iso-image",
            _("ISO images cannot be shared. Install a system from it and share the image of that server."),
        )
    return ALLOWED


def _has_shareable_source(image: Image) -> Verdict:
    """R17, R41, R42. Backups are shared with nobody here, so that R43 has no case."""
    if image.type != Image.Type.FULL:
        return ALLOWED
    if image.source_kind not in FULL_SOURCES:
        return refuse(
            "full-ecs-source",
            _(
                "Of full-ECS images only those made from a server or a cloud backup can be shared. Create a server "
                "from this one, and make a full-ECS image of that server."
            ),
        )
    if image.comes_from_csbs:
        return refuse(
            "full-ecs-csbs",
            _(
                "The image is made of a backup of the former backup service (CSBS), or of a server that had one or "
                "was restored from one, and such images cannot be shared. Make a cloud backup (CBR) of the server, "
                "and an image of that backup."
            ),
        )
    return ALLOWED


def _has_grantable_keys(image: Image) -> Verdict:
    """R46, of each disk."""
    if not any(key.is_default for key in keys_of(image)):
        return ALLOWED
    if image.type == Image.Type.FULL:  # which is not copied in its region
        return refuse(
            "default-key",
            _(
                "A disk of the image is encrypted with the default key of the project, which cannot be granted to "
                "others. Make a full-ECS image of a server whose disks have keys of your own, or none."
            ),
        )
    return refuse(
        "default-key",
        _(
            "The image is encrypted with the default key of the project, which cannot be granted to others. Copy "
            "the image with a key of your own, and share the copy."
        ),
    )
