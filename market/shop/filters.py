"""What narrows the market."""

from typing import Any

import django_filters as filters
from django import forms
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from images.models import Image, OsVersion
from imsconsole.core.filters import ListFilter
from imsconsole.core.matching import of_id
from market.models import ListingVersion, Price, Publisher

PAID = (Price.Unit.HOUR, Price.Unit.MONTH, Price.Unit.ONCE)
CHARGES = [("free", _("Free")), ("paid", _("Paid"))]


def _platforms() -> list[tuple[str, str]]:
    images = Image.objects.filter(category=Image.Category.MARKET)
    systems = OsVersion.objects.filter(pk__in=images.values("os_version")).order_by("platform")
    return [(name, name) for name in systems.values_list("platform", flat=True).distinct()]


def _publishers() -> list[tuple[str, str]]:
    """Those that have something on the market."""
    on_market = ListingVersion.objects.filter(state=ListingVersion.State.PUBLISHED)
    rows = Publisher.objects.filter(pk__in=on_market.values("listing__publisher")).order_by("name")
    return [(str(pk), name) for pk, name in rows.values_list("pk", "name")]


def _choice(label: Any, choices: Any, **kwargs: Any) -> filters.ChoiceFilter:
    return filters.ChoiceFilter(label=label, choices=choices, empty_label=_("All"), **kwargs)


class OfferFilter(ListFilter):
    """Filters of `offers.offered_in`; a value that does not exist is ignored."""

    primary = ("q", "category", "os", "charge")

    q = filters.CharFilter(
        label=_("Search the market"),
        method="search",
        widget=forms.TextInput(attrs={"type": "search", "placeholder": _("Name, software or publisher")}),
    )
    category = _choice(_("Product category"), ListingVersion.Category.choices)
    os = _choice(_("OS"), _platforms, field_name="platform")
    charge = _choice(_("Charge"), CHARGES, method="charged")
    publisher = _choice(_("Publisher"), _publishers, field_name="listing__publisher")
    unit = _choice(_("Charged"), [(unit.value, unit.label) for unit in PAID], field_name="price_unit")
    price_max = filters.NumberFilter(label=_("Price up to"), method="up_to", min_value=0, max_value=1_000_000)

    class Meta:
        model = ListingVersion
        fields = ("q",)

    def search(self, queryset: QuerySet[ListingVersion], _field: str, text: str) -> QuerySet[ListingVersion]:
        """In title, summary, built-in software and the publisher's name; or in its ID, at least four characters."""
        named = ListingVersion.objects.filter(software__name__icontains=text)
        return queryset.filter(
            Q(title__icontains=text)
            | Q(summary__icontains=text)
            | Q(listing__publisher__name__icontains=text)
            | Q(pk__in=named.values("pk"))
            | of_id(text, "listing__pk")
        )

    def charged(
        self, queryset: QuerySet[ListingVersion], _field: str, charge: str
    ) -> QuerySet[ListingVersion]:
        paid, free = Q(price_unit__in=PAID), Q(price_unit=Price.Unit.FREE) | Q(price_unit=None)
        return queryset.filter(paid if charge == "paid" else free)

    def up_to(self, queryset: QuerySet[ListingVersion], _field: str, most: Any) -> QuerySet[ListingVersion]:
        """In whichever unit; what is free is in any case."""
        return queryset.filter(Q(price_amount__lte=most) | Q(price_amount=None))
