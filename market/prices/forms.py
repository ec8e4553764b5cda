"""What is typed about the price of a listing."""

from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from imsconsole.core.now import now
from market.models import Listing, Price
from market.prices.lookup import price_of_listing

LISTING_UNITS = (Price.Unit.FREE, Price.Unit.HOUR, Price.Unit.MONTH, Price.Unit.ONCE)
MOST_TRIAL_DAYS = 365
TERMS = ("unit", "amount", "per_vcpu", "trial_days")


class PriceForm(forms.Form):
    """The price of a listing: of its draft, or (with `later`) the next one of a listing that has buyers."""

    unit = forms.ChoiceField(
        label=_("Price"),
        choices=[(unit.value, unit.label) for unit in LISTING_UNITS],
        widget=forms.RadioSelect,
        help_text=_("By time it is counted by the second, and only while a server runs."),
    )
    amount = forms.DecimalField(
        label=_("Amount"), min_value=0, max_digits=12, decimal_places=4, required=False
    )
    per_vcpu = forms.BooleanField(label=_("For each vCPU"), required=False)
    trial_days = forms.IntegerField(
        label=_("Free trial (days)"),
        min_value=0,
        max_value=MOST_TRIAL_DAYS,
        required=False,
        help_text=_("From the day on which a project first uses it; 0 for none."),
    )
    valid_from = forms.DateTimeField(
        label=_("Valid from"),
        required=False,
        widget=forms.DateTimeInput({"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text=_(
            "In your time zone; empty: from now on. Servers that run it keep the price they began with."
        ),
    )

    def __init__(self, *args: Any, listing: Listing | None, later: bool = False, **kwargs: Any) -> None:
        self.listing = listing
        self.former = price_of_listing(listing) if listing else None
        super().__init__(*args, **{"initial": _initial(self.former)} | kwargs)
        if not later:
            del self.fields["valid_from"]

    def clean(self) -> dict[str, Any]:
        """What is free has nothing else; everything else has an amount."""
        typed = super().clean() or {}
        if typed.get("unit") == Price.Unit.FREE:
            typed |= {"amount": 0, "per_vcpu": False, "trial_days": 0}
        elif "amount" in typed and not typed["amount"]:
            self.add_error("amount", _("Type what it costs, or choose “free”."))
        if typed.get("valid_from") and typed["valid_from"] < now():
            self.add_error("valid_from", _("A price holds from now on or from a later time. Choose one."))
        return typed

    @property
    def holds_from(self) -> datetime | None:
        return self.cleaned_data.get("valid_from")

    def price(self, listing: Listing) -> Price | None:
        """A price to be set for the listing; None when it is what holds already."""
        typed = {name: self.cleaned_data[name] or 0 for name in TERMS if name != "unit"}
        typed |= {"unit": self.cleaned_data["unit"], "per_vcpu": self.cleaned_data["per_vcpu"]}
        if typed == {name: value for name, value in _initial(self.former).items() if name in TERMS}:
            return None
        return Price(of=Price.Of.LISTING, listing=listing, **typed)


def _initial(price: Price | None) -> dict[str, Any]:
    if price is None:
        return {"unit": Price.Unit.FREE.value}
    return {
        "unit": price.unit,
        "amount": price.value,
        "per_vcpu": price.per_vcpu,
        "trial_days": price.trial_days,
    }
