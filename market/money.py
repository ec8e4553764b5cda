"""Money for people, in the one currency of the market."""

from decimal import Decimal
from typing import Any

from babel.numbers import format_currency
from django.conf import settings
from django.utils.translation import get_language, gettext_lazy, ngettext, to_locale
from django.utils.translation import gettext as _

from imsconsole.core.sentences import translated
from market.models import Price

CENT = Decimal("0.01")


def money(amount: Decimal | None) -> str:
    """To the cent; what is less than one says so, None is a dash."""
    if amount is None:
        return "–"
    shown = amount.quantize(CENT)
    if amount > 0 and not shown:
        return _("less than %(amount)s") % {"amount": _format(CENT)}
    return _format(shown)


def rate(amount: Decimal) -> str:
    """A price as it was set: with all its decimals, two at least."""
    return _format(max(amount.quantize(CENT), amount.normalize(), key=_decimals))


def price_text(price: Price | None) -> str:
    """“¥0.36 per hour and vCPU, the first 7 days free”; “Free” without a price."""
    if price is None or price.unit == Price.Unit.FREE:
        return str(Price.Unit.FREE.label)
    words = {"amount": rate(price.value), "unit": price.get_unit_display()}
    text = _("%(amount)s %(unit)s and vCPU") if price.per_vcpu else _("%(amount)s %(unit)s")
    if not price.trial_days:
        return text % words
    trial = ngettext(
        "%(price)s, the first %(days)s day free", "%(price)s, the first %(days)s days free", price.trial_days
    )
    return trial % {"price": text % words, "days": price.trial_days}


def kept_price(price: Price) -> dict[str, Any]:
    """A price to be kept for readers of any language: “CNY 0.36 per hour and vCPU”; a trial is not said."""
    if price.unit == Price.Unit.FREE:
        return translated(Price.Unit.FREE.label)
    text = (
        gettext_lazy("%(amount)s %(unit)s and vCPU")
        if price.per_vcpu
        else gettext_lazy("%(amount)s %(unit)s")
    )
    amount = f"{settings.DEFAULT_CURRENCY} {price.value.normalize():f}"
    return translated(text, amount=amount, unit=Price.Unit(price.unit).label)


def _format(amount: Decimal) -> str:
    return format_currency(
        amount,
        settings.DEFAULT_CURRENCY,
        locale=to_locale(get_language() or settings.LANGUAGE_CODE),
        decimal_quantization=False,
    )


def _decimals(amount: Decimal) -> int:
    return -int(amount.as_tuple().exponent)
