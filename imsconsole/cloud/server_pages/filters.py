"""Filters of the list of servers."""

import django_filters as filters
from django import forms
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from imsconsole.cloud.models import Server, ServerQuerySet
from imsconsole.cloud.tags.filters import TagFilter
from imsconsole.core.filters import ListFilter
from imsconsole.core.matching import matching

SHOWN = [(value, label) for value, label in Server.Status.choices if value != Server.Status.DELETED]


class ServerFilter(ListFilter):
    """Which servers a list shows; what cannot be read filters nothing."""

    primary = ("q", "status")

    q = filters.CharFilter(
        label=_("Name, ID or IP address"), method="search", widget=forms.TextInput({"type": "search"})
    )
    status = filters.ChoiceFilter(label=_("Status"), choices=SHOWN, empty_label=_("All statuses"))

    temporary = filters.TypedChoiceFilter(
        label=_("Temporary server"),
        field_name="is_temporary",
        choices=[("", _("All")), ("yes", _("Yes")), ("no", _("No"))],
        coerce=lambda value: value == "yes",
    )
    tag = TagFilter()

    class Meta:
        model = Server
        fields = ("q", "status", "temporary", "tag")

    def search(self, servers: ServerQuerySet, _field: str, word: str) -> ServerQuerySet:
        """Part of a name or an ID, or the beginning of an address."""
        return servers.filter(matching(word) | Q(private_ip__startswith=word))
