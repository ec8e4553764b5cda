"""Editing what others may edit at the same time: nobody's change is lost without a word.

A form carries along, hidden, what its reader saw (Django's hidden initial values). The service compares that
with the row it has locked; where somebody else was faster it raises `Conflict`, and the form comes back with
both values, to be decided one by one.
"""

from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Self, cast

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Model
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

TAKE = "take"  # the boxes that say: take the other's value


@dataclass(frozen=True)
class Difference:
    """A value that somebody else changed meanwhile. `mine` is empty where the reader had left it alone."""

    name: str
    label: str
    seen: str
    theirs: str
    mine: str


def overwritten(present: Mapping[str, Any], seen: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[str]:
    """The names whose value somebody changed since it was seen, and which `wanted` would change back or over."""
    return [name for name in wanted if name in seen and present[name] not in (seen[name], wanted[name])]


def told(value: Any, choices: Iterable[tuple[Any, Any]] | None = None) -> str | Promise:
    """A value for people: a choice by its label, tags as `key=value`, several in a row, nothing as a dash."""
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, Mapping):
        value = [f"{key}={content}" if content else str(key) for key, content in value.items()]
    if isinstance(value, list):
        value = ", ".join(map(str, value))
    label = dict(choices or ()).get(value, value)
    return "–" if label in (None, "") else label if isinstance(label, Promise) else str(label)


def told_of(row: Model, name: str) -> str | Promise:
    """The value of a row's field, for people."""
    return told(getattr(row, name), getattr(row._meta.get_field(name), "flatchoices", None))


class EditForm(forms.Form):
    """A form over values that others may change meanwhile; `initial` are the values as they are now.

    Its template prints `hidden_initials`. Boxes named `take` say for which fields the hidden value counts.
    """

    def __init__(self, data: MultiValueDict[str, str] | None = None, **kwargs: Any) -> None:
        super().__init__(_with_taken(data), **kwargs)
        for field in self.fields.values():
            field.show_hidden_initial = True

    def hidden_initials(self) -> list[SafeString]:
        return [bound.as_hidden(only_initial=True) for bound in self]

    @property
    def seen(self) -> dict[str, Any]:
        """What the reader saw when the form was shown. What cannot be read counts as not seen."""
        values = {}
        for name, field in self.fields.items():
            hidden = self.add_initial_prefix(name)
            with suppress(ValidationError):
                if hidden in self.data:
                    typed = field.hidden_widget().value_from_datadict(self.data, MultiValueDict(), hidden)
                    values[name] = field.clean(typed)
        return values

    def differences(self, present: Mapping[str, Any]) -> list[Difference]:
        """What somebody else changed meanwhile, beside what was typed. Only of a valid form."""
        seen = self.seen
        return [
            Difference(
                name,
                str(self[name].label),
                self._told(name, seen[name]),
                self._told(name, present[name]),
                "" if wanted == seen[name] else self._told(name, wanted),
            )
            for name in overwritten(present, seen, self.cleaned_data)
            for wanted in [self.cleaned_data[name]]
        ]

    def renewed(self, present: Mapping[str, Any], names: Collection[str]) -> QueryDict:
        """What to fill the form with again: as typed, and where nothing was typed as it is now."""
        data, seen = cast(QueryDict, self.data).copy(), self.seen
        for name in names:
            value = self.fields[name].prepare_value(present[name])
            values = value if isinstance(value, list) else [value]
            data.setlist(
                self.add_initial_prefix(name), ["" if each is None else str(each) for each in values]
            )
            if self.cleaned_data[name] == seen[name]:
                data.setlist(self.add_prefix(name), data.getlist(self.add_initial_prefix(name)))
        return data

    def after_conflict(self, present: Mapping[str, Any], **kwargs: Any) -> tuple[Self, list[Difference]]:
        """The form to show once more, and what to decide on. `kwargs` make the form, of what is `present`."""
        differences = self.differences(present)
        data = self.renewed(present, [difference.name for difference in differences])
        return type(self)(data, **kwargs), differences

    def _told(self, name: str, value: Any) -> str:
        plain = isinstance(self.fields[name], forms.ChoiceField) and not isinstance(
            self.fields[name], forms.ModelChoiceField
        )
        return str(told(value, self.fields[name].choices if plain else None))  # type: ignore[attr-defined]


def _with_taken(data: MultiValueDict[str, str] | None) -> MultiValueDict[str, str] | None:
    if data is None or TAKE not in data:
        return data
    data = data.copy()
    for name in data.getlist(TAKE):
        if f"initial-{name}" in data:
            data.setlist(name, data.getlist(f"initial-{name}"))
    return data
