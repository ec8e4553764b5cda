"""The filters of the list of key pairs."""

import django_filters as filters
from django import forms
from django.utils.translation import gettext_lazy as _

from imsconsole.cloud.models import KeyPair
from imsconsole.core.filters import ListFilter


class KeyPairFilter(ListFilter):
    q = filters.CharFilter(
        label=_("Name"),
        field_name="name",
        lookup_expr="icontains",
        widget=forms.TextInput(attrs={"type": "search", "placeholder": _("Name")}),
    )

    class Meta:
        model = KeyPair
        fields = ("q",)
