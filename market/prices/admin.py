"""For operators: what flavors and disks cost, and what publishers ask. A price is only ever added."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.service_admin import ServiceAdmin, operator_of, trail_of
from imsconsole.core.now import now
from market.models import Price
from market.prices.services import set_price

UNITS = {Price.Of.FLAVOR.value: Price.Unit.HOUR, Price.Of.DISK.value: Price.Unit.GB_MONTH}
OF = [(Price.Of.FLAVOR.value, _("A flavor, per hour")), (Price.Of.DISK.value, _("Disks, per GB and month"))]


class OperatorPriceForm(forms.ModelForm):
    """A price of a flavor or of disks; its unit follows from that."""

    of = forms.ChoiceField(label=_("Price of"), choices=OF, widget=forms.RadioSelect)
    amount = forms.DecimalField(label=_("Amount"), min_value=0, max_digits=12, decimal_places=4)
    valid_from = forms.DateTimeField(
        label=_("Valid from"),
        required=False,
        widget=forms.DateTimeInput({"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text=_("Empty: from now on. It holds for everybody, those who run already as well."),
    )

    class Meta:
        model = Price
        fields = ("of", "flavor", "amount")

    def clean(self) -> dict[str, Any]:
        """Disks have no flavor, flavors need one; a price is not for the past."""
        typed = super().clean() or {}
        if typed.get("of") == Price.Of.DISK:
            typed["flavor"] = None
        elif typed.get("of") and not typed.get("flavor"):
            self.add_error("flavor", _("Choose the flavor that this is the price of."))
        if typed.get("valid_from") and typed["valid_from"] < now():
            self.add_error("valid_from", _("A price holds from now on or from a later time. Choose one."))
        self.instance.unit = UNITS.get(typed.get("of", ""), Price.Unit.FREE)
        return typed

    @property
    def begins_at(self) -> datetime | None:
        return self.cleaned_data.get("valid_from")


@admin.register(Price)
class PriceAdmin(ServiceAdmin):
    """The price lists of the platform, beside what publishers set."""

    form = OperatorPriceForm
    added_by = (set_price,)
    list_display = (
        "of",
        "flavor",
        "listing",
        "unit",
        "amount",
        "per_vcpu",
        "trial_days",
        "valid_from",
        "created_by",
    )
    list_filter = ("of", "unit", "flavor")
    search_fields = ("id", "listing__id", "flavor__name")
    search_help_text = _("By ID, product code or flavor.")
    list_select_related = ("flavor", "listing", "created_by")
    date_hierarchy = "valid_from"
    ordering = ("-valid_from", "pk")
    fieldsets = (
        (
            None,
            {
                "fields": ("of", "flavor", "listing", "unit", "amount", "per_vcpu", "trial_days"),
                "description": _(
                    "A price stays as it is: to change one, add the next with the time it holds from."
                ),
            },
        ),
        (_("Times"), {"fields": ("valid_from", "created_by", "created_at")}),
    )
    add_fieldsets = (
        (
            None,
            {
                "fields": ("of", "flavor", "amount", "valid_from"),
                "description": _(
                    "A price stays as it is: to change one, add the next with the time it holds from."
                ),
            },
        ),
    )

    def links_of(self, obj: Price) -> list[tuple[str, str]]:
        return [
            (gettext("Charges"), f"{reverse('admin:market_charge_changelist')}?price={obj.pk}"),
            (gettext("What happened to it"), trail_of("price", obj.pk)),
        ]

    def save_model(self, request: HttpRequest, obj: Price, form: Any, change: bool) -> None:
        set_price(obj, valid_from=form.begins_at, actor=operator_of(request))
