"""What is typed about encryption keys, and what narrows their list."""

from typing import Any

import django_filters as filters
from django import forms
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.actor import Actor
from imsconsole.accounts.models import Project
from imsconsole.cloud.keys.rules import DELETION_DAYS, is_free_key_name, is_grantable_to, no_such_project
from imsconsole.cloud.models import Key, KeyQuerySet
from imsconsole.cloud.names import NAME_LENGTH, server_name
from imsconsole.core.filters import ListFilter
from imsconsole.core.forms import NumberField
from imsconsole.core.matching import matching
from imsconsole.core.rules import Verdict

STATES = [choice for choice in Key.State.choices if choice[0] != Key.State.DELETED]
one_line = RegexValidator(
    r"^[^\r\n<>\x00-\x1f]*\Z", _("A description has neither line breaks nor the characters < and >.")
)


class KeyFilter(ListFilter):
    """Filters of a project's keys."""

    primary = ("q", "state")

    q = filters.CharFilter(
        label=_("Name or ID"),
        method="search",
        widget=forms.TextInput(attrs={"type": "search", "placeholder": _("Name or ID")}),
    )
    state = filters.ChoiceFilter(label=_("Status"), choices=STATES, empty_label=_("All"))

    class Meta:
        model = Key
        fields = ("q",)

    def search(self, queryset: KeyQuerySet, _field: str, text: str) -> KeyQuerySet:
        """Part of a name, or at least four characters of an ID."""
        return queryset.filter(matching(text))


class KeyForm(forms.Form):
    """A new key, or another name for `key`."""

    name = forms.CharField(label=_("Name"), max_length=NAME_LENGTH, validators=[server_name])
    description = forms.CharField(
        label=_("Description"), max_length=255, required=False, validators=[one_line]
    )

    def __init__(self, *args: Any, actor: Actor, key: Key | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.actor, self.key = actor, key

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        _require(is_free_key_name(name, self.actor, other_than=self.key))
        return name


class ScheduleDeletionForm(forms.Form):
    days = NumberField(
        label=_("Days until it is deleted"),
        min_value=DELETION_DAYS[0],
        max_value=DELETION_DAYS[-1],
        initial=30,
        help_text=_("7 to 1096. Until then the deletion can be cancelled."),
    )


class GrantForm(forms.Form):
    """The project that may use `key` as well; cleaned, it is the project."""

    project_id = forms.UUIDField(
        label=_("Project ID"),
        widget=forms.TextInput({"class": "mono", "spellcheck": "false", "autocomplete": "off"}),
        error_messages={"invalid": _("This is not a project ID. It has 32 hexadecimal digits and hyphens.")},
        help_text=_("Its members find it on their page Project. It must be in this region."),
    )

    def __init__(self, *args: Any, key: Key, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.key = key

    def clean_project_id(self) -> Project:
        project = Project.objects.filter(pk=self.cleaned_data["project_id"]).first()
        if project is None:
            verdict = no_such_project()
            raise forms.ValidationError(str(verdict.reason), verdict.code)
        _require(is_grantable_to(self.key, project))
        return project


def _require(verdict: Verdict) -> None:
    if not verdict:
        raise forms.ValidationError(str(verdict.reason), verdict.code)
