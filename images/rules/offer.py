"""May an image be offered on the market? What the room `market` makes of it is its own. (ims-facts §2.16)"""

from django.utils.translation import gettext as _

from images.ancestry import ancestors_of
from images.models import Image
from images.rules.share import is_to_stay
from imsconsole.accounts.actor import Actor
from imsconsole.accounts.rules import may_write
from imsconsole.core.rules import ALLOWED, Verdict, refuse


def can_offer(image: Image, actor: Actor) -> Verdict:
    """Own private system disk images in state Normal, not encrypted (R92), no full-ECS ones (R93) and no ISO.

    Neither shared nor offered already (R16) nor to be deleted, and nothing that derives from another publisher's
    market image.
    `image` comes from `with_facts`; load its ancestors with a list.
    """
    return (
        may_write(actor)
        and _is_own(image, actor)
        and _is_normal(image)
        and _is_plain_system(image)
        and _is_free(image)
        and is_to_stay(image)
        and _is_own_work(image, actor)
    )


def _is_own(image: Image, actor: Actor) -> Verdict:
    if image.category == Image.Category.PRIVATE and image.project_id == actor.project.pk:
        return ALLOWED
    return refuse(
        "not-owner", _("Only private images of this project can be published. Make one of your own first.")
    )


def _is_normal(image: Image) -> Verdict:
    if image.status == Image.Status.ACTIVE:
        return ALLOWED
    return refuse(
        "not-active",
        _("Only images in state “Normal” can be published; this one is in state “%(status)s”.")
        % {"status": image.get_status_display()},
    )


def _is_plain_system(image: Image) -> Verdict:
    if image.type == Image.Type.FULL:
        return refuse(
            "full-image",
            _("Full-ECS images cannot be published. Make a system disk image of the server."),
        )
    if image.type != Image.Type.SYSTEM:
        return refuse("not-system", _("Only system disk images can be published as market images."))
    if image.key_id:
        return refuse(
            "encrypted-image",
            _(
                "Encrypted images cannot be published. Copy the image without encryption, and publish the copy."
            ),
        )
    return ALLOWED


def _is_free(image: Image) -> Verdict:
    if image.is_offered:
        return refuse(
            "offered-already", _("This image is offered on the market already. Publish another one.")
        )
    if image.shares_count:
        return refuse(
            "shared-image",
            _("The image is shared with other projects. Stop sharing it first, or publish a copy of it."),
        )
    return ALLOWED


def _is_own_work(image: Image, actor: Actor) -> Verdict:
    of_others = (
        each
        for each in ancestors_of(image)
        if each.category == Image.Category.MARKET and each.seller_id != actor.account.pk
    )
    if (first := next(of_others, None)) is None:
        return ALLOWED
    return refuse(
        "from-market",
        _("It was made from the market image %(name)s of another publisher, so it cannot be published.")
        % {"name": first.name},
    )
