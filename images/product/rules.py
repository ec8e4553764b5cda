"""May an image be offered on the market, be shared, be used as what comes from the market? (ims-facts §2.14, §2.16)

What `market` makes of an offer is its own; with whom one may share, says `sharing`.
"""

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _

from images.fields.encryption import keys_of
from images.fields.rules import is_active
from images.models import Image
from images.product.ancestry import ancestors_of
from images.product.products import Product, product_of
from imsconsole.accounts.actor import Actor
from imsconsole.accounts.rules import may_write
from imsconsole.core.now import now
from imsconsole.core.rules import ALLOWED, Verdict, refuse

FULL_SOURCES = (Image.Source.SERVER, Image.Source.BACKUP)
OFFER_FACTS = ("is_offered", "shares_count")
SHARE_FACTS = ("comes_from_csbs", "is_offered")


def can_offer(image: Image, actor: Actor) -> Verdict:
    """Own private system disk images in state Normal, not encrypted (R92), no full-ECS ones (R93) and no ISO.

    Neither shared nor offered already (R16) nor to be deleted, and nothing that derives from another publisher's
    market image.
    `image` comes with `OFFER_FACTS`; load its ancestors with a list.
    """
    return (
        may_write(actor)
        and _is_own_to_offer(image, actor)
        and is_active(image)
        and _is_plain_system(image)
        and _is_free(image)
        and is_to_stay(image)
        and _is_own_work(image, actor)
    )


def _is_own_to_offer(image: Image, actor: Actor) -> Verdict:
    if image.category == Image.Category.PRIVATE and image.project_id == actor.project.pk:
        return ALLOWED
    return refuse(
        "not-owner", _("Only private images of this project can be published. Make one of your own first.")
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
        _("It was made from the market image %(name)s of another publisher, so it cannot be published."),
        name=first.name,
    )


def can_share(image: Image, actor: Actor) -> Verdict:
    """Own private images in state Normal (R16, R40, R50, R51), not ISO; protection is no reason against it.

    Not while it is offered on the market (R16) or to be deleted (R86). Encrypted ones only with a key of one's own making
    (R46), full-ECS ones by their source (R17). `image` comes with `SHARE_FACTS`, in lists also from `with_keys`.
    """
    return (
        may_write(actor)
        and _is_own_to_share(image, actor)
        and is_active(image)
        and _is_not_offered(image)
        and is_to_stay(image)
        and _has_shareable_type(image)
        and _has_shareable_source(image)
        and _has_grantable_keys(image)
    )


def _is_own_to_share(image: Image, actor: Actor) -> Verdict:
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
                "This image belongs to another project, and only its owner can share it. Make a private image of it "
                "first: a copy, or one of a server made from it."
            ),
        )
    return ALLOWED


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
    """R17, R41, R42: of full-ECS images the rest are copies. Backups are shared with nobody here, so R43 has no case."""
    if image.type != Image.Type.FULL:
        return ALLOWED
    if image.source_kind not in FULL_SOURCES:
        return refuse(
            "full-ecs-source",
            _(
                "This full-ECS image was copied from another region, and only those made from a server or a cloud backup "
                "can be shared. Create a server from it, and make a full-ECS image of that server."
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


def is_released(image: Image, actor: Actor) -> Verdict:
    """Whether projects may have a public image for themselves: copy it, download it (R70)."""
    if image.released:
        return may_use_product(image, actor)
    return refuse(
        "not-released",
        _(
            "The operator has not released this public image for copies and downloads. Create a server from it, and make "
            "a private image of that."
        ),
    )


def may_use_product(image: Image, actor: Actor, *, has_it: bool = False) -> Verdict:
    """A public image is used while it is not hidden, a market image while it is offered, and what was made of one as
    well once its terms are accepted.

    `has_it`: it is for a server that has it already, which may be reinstalled (some time longer). In lists load
    `products.load_products` before.
    """
    if image.hidden and not has_it:
        return refuse(
            "image-hidden",
            _(
                "“%(name)s” is no longer offered. Servers that have it go on; choose another image for new ones."
            ),
            name=image.name,
        )
    if (product := product_of(image, actor)) is None:
        return ALLOWED
    if image.category == Image.Category.MARKET and not product.is_offered:
        verdict = _is_left_to_servers(product) if has_it else _not_offered(product)
        if not verdict:
            return verdict
    return _accepts_terms(product)


def _not_offered(product: Product) -> Verdict:
    if product.is_withdrawn:
        return refuse(
            "market-withdrawn",
            _(
                "“%(title)s” has been withdrawn from the market. Servers that have it go on; no others can get it."
            ),
            title=product.title,
        )
    return refuse(
        "market-replaced",
        _("“%(title)s” has a newer version, which has taken the place of this one. Choose that one."),
        title=product.title,
        way=reverse("market:detail", args=[product.listing_id]),
        way_label=_("To the offer"),
    )


def _is_left_to_servers(product: Product) -> Verdict:
    """A replaced version is theirs without an end, a withdrawn one until its day."""
    if product.reinstall_until is None or now() < product.reinstall_until:
        return ALLOWED
    return refuse(
        "market-reinstall-over",
        _(
            "“%(title)s” has been withdrawn from the market, and could be reinstalled until %(day)s. Change the OS to "
            "another image instead."
        ),
        title=product.title,
        day=date_format(localtime(product.reinstall_until), "DATE_FORMAT"),
    )


def _accepts_terms(product: Product) -> Verdict:
    if product.is_accepted:
        return ALLOWED
    return refuse(
        "terms-not-accepted",
        _(
            "This comes from “%(title)s” of %(publisher)s. Accept its terms first, once for this project and version."
        ),
        title=product.title,
        publisher=product.publisher,
        way=reverse("market:terms", args=[product.version_id]),
        way_label=_("Read and accept the terms"),
    )
