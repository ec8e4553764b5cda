"""The filters of the list of saved user data."""

import django_filters as filters
from django import forms
from django.utils.translation import gettext_lazy as _

from imsconsole.cloud.models import UserData
from imsconsole.core.filters import ListFilter


class UserDataFilter(ListFilter):
    q = filters.CharFilter(
        label=_("Name"),
        field_name="name",
        lookup_expr="icontains",
        widget=forms.TextInput(attrs={"type": "search", "placeholder": _("Name")}),
    )

    class Meta:
        model = UserData
        fields = ("q",)
