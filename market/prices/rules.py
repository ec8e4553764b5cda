"""May a price be set? Of a listing by its publisher, of flavors and disks by the operator (R20)."""

from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.actor import Actor, Operator
from imsconsole.accounts.rules import may_operate, may_write
from imsconsole.core.rules import ALLOWED, Verdict, refuse
from market.models import Listing, Price


def can_set_price(price: Price, actor: Actor | Operator) -> Verdict:
    """Who, then the listing, what it costs, and from when on: a price is never set for the past."""
    return _may_price(price, actor) and is_price(price) and _is_later(price)


def can_price_listing(listing: Listing, actor: Actor | Operator) -> Verdict:
    """Those who may change things in the project of the listing, as long as it is not withdrawn."""
    if not (verdict := may_write(actor)):
        return verdict
    if actor.project is None or listing.project_id != actor.project.pk:
        return refuse("not-seller", _("Only the publisher of a listing says what it costs."))
    if listing.withdrawn_at:
        return refuse("listing-withdrawn", _("This listing was withdrawn, so nobody buys it any more."))
    return ALLOWED


def _may_price(price: Price, actor: Actor | Operator) -> Verdict:
    return can_price_listing(price.listing, actor) if price.listing else may_operate(actor)


def is_price(price: Price) -> Verdict:
    """Free is nothing; what is not free costs something (by vCPU it cannot be “free”, H14)."""
    costs = bool(price.value or price.per_vcpu or price.trial_days)
    if price.unit == Price.Unit.FREE and costs:
        return refuse(
            "free-costs-nothing",
            _(
                "What is free has no amount, no multiple and no trial. Choose another price, or clear what else was "
                "given."
            ),
        )
    if price.of == Price.Of.LISTING and price.unit != Price.Unit.FREE and not price.value:
        return refuse("price-of-nothing", _("Type what it costs, or choose “free”."))
    return ALLOWED


def _is_later(price: Price) -> Verdict:
    """From now on or from a later moment at which no other price of the same begins."""
    if price.valid_from < price.created_at:
        return refuse("price-in-the-past", _("A price holds from now on or from a later time. Choose one."))
    same = Price.objects.filter(of=price.of, listing=price.listing, flavor=price.flavor)
    if same.filter(valid_from=price.valid_from).exists():
        return refuse("price-there", _("Another price begins to hold at that moment. Choose a later one."))
    return ALLOWED
