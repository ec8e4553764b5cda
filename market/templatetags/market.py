"""`{% load market %}`: prices, and what something costs before it is done."""

from decimal import Decimal

from django import template

from market import money
from market.models import Price

register = template.Library()


@register.filter
def price(price: Price | None) -> str:
    """A price with its unit, multiple and trial."""
    return money.price_text(price)


@register.filter
def cents(amount: Decimal | None) -> str:
    """An amount of money, to the cent."""
    return money.money(amount)
