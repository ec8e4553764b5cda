"""How a project's own listings are looked for."""

import django_filters as filters
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from imsconsole.core.filters import ListFilter
from imsconsole.core.matching import of_id
from market.models import Listing, ListingVersion


class ListingFilter(ListFilter):
    """Filters of `lookup.listings_of`."""

    q = filters.CharFilter(label=_("Title or product code"), method="search")

    class Meta:
        model = Listing
        fields = ("q",)

    def search(self, queryset: QuerySet[Listing], _field: str, text: str) -> QuerySet[Listing]:
        """Part of the title of any version, or at least four characters of its ID, which is its product code."""
        titled = ListingVersion.objects.filter(title__icontains=text)
        return queryset.filter(Q(pk__in=titled.values("listing")) | of_id(text))
