"""What is typed about the price of a listing."""

from datetime import datetime
from typing import Any

from django import forms
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext_lazy as _

from imsconsole.core.edits import EditForm
from imsconsole.core.forms import NumberField
from imsconsole.core.now import now
from imsconsole.core.pickers import PickingForm
from market.models import Listing, Price
from market.prices.lookup import price_of_listing, terms_of
from market.prices.rules import is_price

LISTING_UNITS = (Price.Unit.FREE, Price.Unit.HOUR, Price.Unit.MONTH, Price.Unit.ONCE)
MOST_TRIAL_DAYS = 365


class PriceForm(PickingForm, EditForm):
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
    trial_days = NumberField(
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

    def __init__(
        self,
        data: MultiValueDict[str, str] | None = None,
        *,
        listing: Listing | None,
        later: bool = False,
        **kwargs: Any,
    ) -> None:
        self.listing = listing
        self.former = price_of_listing(listing) if listing else None
        initial = terms_of(self.former) if self.former else {"unit": Price.Unit.FREE.value}
        super().__init__(data, **{"initial": initial} | kwargs)
        if not later:
            del self.fields["valid_from"]

    def clean(self) -> dict[str, Any]:
        """What is free has nothing else; everything else has an amount."""
        typed = super().clean() or {}
        typed |= {name: typed.get(name) or 0 for name in ("amount", "trial_days")}
        if not self.errors and not (verdict := is_price(self._price(typed))):
            self.add_error("amount", verdict.reason)
        if typed.get("valid_from") and typed["valid_from"] < now():
            self.add_error("valid_from", _("A price holds from now on or from a later time. Choose one."))
        return typed

    @property
    def seen(self) -> dict[str, Any]:
        """A number that was not shown is none."""
        return {name: 0 if value is None else value for name, value in super().seen.items()}

    @property
    def begins_at(self) -> datetime | None:
        return self.cleaned_data.get("valid_from")

    def price(self, listing: Listing) -> Price | None:
        """A price to be set for the listing; None when it is what holds already."""
        price = self._price(self.cleaned_data, listing)
        return None if self.former and terms_of(price) == terms_of(self.former) else price

    @staticmethod
    def _price(typed: dict[str, Any], listing: Listing | None = None) -> Price:
        return Price(of=Price.Of.LISTING, listing=listing, **{name: typed[name] for name in terms_of(None)})
