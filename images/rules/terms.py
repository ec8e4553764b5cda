"""May a project use what comes from the market: is it still offered, and are its terms accepted? (§2.16)"""

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from images.models import Image
from images.products import Product, product_of
from imsconsole.accounts.actor import Actor
from imsconsole.core.now import now
from imsconsole.core.rules import ALLOWED, Verdict, refuse


def may_use_product(image: Image, actor: Actor, *, has_it: bool = False) -> Verdict:
    """A market image is used while it is offered, and what was made of one as well once its terms are accepted.

    `has_it`: it is for a server that has it already, which may be reinstalled some time longer. In lists load
    `products.load_products` before.
    """
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
            )
            % {"title": product.title},
        )
    return refuse(
        "market-replaced",
        _("“%(title)s” has a newer version, which has taken the place of this one. Choose that one.")
        % {"title": product.title},
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
        )
        % {"title": product.title, "day": date_format(localtime(product.reinstall_until), "Y-m-d")},
    )


def _accepts_terms(product: Product) -> Verdict:
    if product.is_accepted:
        return ALLOWED
    return refuse(
        "terms-not-accepted",
        _(
            "This comes from “%(title)s” of %(publisher)s. Accept its terms first, once for this project and version."
        )
        % {"title": product.title, "publisher": product.publisher},
        way=reverse("market:terms", args=[product.version_id]),
        way_label=_("Read and accept the terms"),
    )
