"""The base of every list's filters: a primary row, the rest behind "More filters", and what is set as chips."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import django_filters as filters
from django import forms
from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.utils.choices import flatten_choices
from django.utils.datastructures import MultiValueDict
from django.utils.functional import cached_property
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django_bootstrap5.forms import render_field

from imsconsole.core.matching import matching
from imsconsole.core.paging import Total
from imsconsole.core.query_string import state_of

DRAWN: dict[Any, SafeString] = {}  # the fields of lists in each look they had
MOST_DRAWN = 2048
NAME_OR_ID = _("Name or ID")


@dataclass(frozen=True)
class ActiveFilter:
    """A filter that is set: its label, what it is set to, and the query that is left without it."""

    label: str
    text: str
    query_without: str


class ListFilter(filters.FilterSet):
    """Filters whose values are in the URL; a value that cannot be is ignored, and its field says so.

    `primary` are the fields that are always seen; the others are behind "More filters".
    """

    primary: ClassVar[tuple[str, ...]] = ("q",)

    def __init__(self, data: QueryDict, *, queryset: QuerySet[Any], actor: Any = None) -> None:
        super().__init__(data, queryset=queryset)
        self.query, self.actor = data, actor

    def calm_fields(self) -> list[SafeString]:
        """The fields that are always seen, drawn."""
        return [self._drawn(name) for name in self.primary]

    def more_fields(self) -> list[SafeString]:
        return [self._drawn(name) for name in self.more]

    @property
    def more(self) -> list[str]:
        """The names of the fields behind "More filters"."""
        return [name for name in self.form.fields if name not in self.primary]

    def _drawn(self, name: str) -> SafeString:
        """A field is drawn once for each value that it has, as long as its choices are the same."""
        field = self.form[name]
        options: Any = flatten_choices(list(getattr(field.field, "choices", ())))
        choices = tuple((option, str(label)) for option, label in options)
        look = (type(self), name, get_language(), str(field.value()), tuple(field.errors), choices)
        if (drawn := DRAWN.get(look)) is None:  # another thread may clear them at any moment
            if len(DRAWN) >= MOST_DRAWN:
                DRAWN.clear()
            drawn = DRAWN[look] = render_field(field, wrapper_class="")
        return drawn

    @cached_property
    def active(self) -> list[ActiveFilter]:
        """What narrows the list, in the order of the fields."""
        self.form.is_valid()
        return [
            ActiveFilter(str(field.label), _shown(field, value), self._without(name, value))
            for name, field in self.form.fields.items()
            if name in self.form.cleaned_data
            for value in self._values(name)
        ]

    @property
    def is_narrowing(self) -> bool:
        return bool(self.active)

    def count(self, rows: QuerySet[Any]) -> Total:
        """How many are found. A word (`q`) is looked for in the order of the list: names are not spread evenly over theirs."""
        is_searched = bool(self.query.get("q", "").strip())
        return Total.of(rows, is_narrowed=True, in_order=is_searched)

    def more_count(self) -> int:
        """How many filters behind "More filters" are set."""
        return sum(len(list(self._values(name))) for name in self.more)

    def _values(self, name: str) -> Iterator[str]:
        """The values of a field that count: all of a field for several, else the last."""
        values = state_of(self.query).getlist(name)
        yield from values if isinstance(self.form.fields[name], EachField) else values[-1:]

    def _without(self, name: str, value: str) -> str:
        rest = state_of(self.query)
        rest.setlist(name, [other for other in rest.getlist(name) if other != value])
        return rest.urlencode()


def _shown(field: forms.Field, value: str) -> str:
    """The label of a choice, else the value as it was typed."""
    if not isinstance(field, forms.ChoiceField):
        return value
    choices: Any = field.choices
    options: Any = flatten_choices(list(choices))
    labels = {str(option): str(text) for option, text in options}
    return labels.get(value, value)


class WordFilter(filters.CharFilter):
    """Part of a name, or at least four characters of an ID; or what `more` says of the word."""

    def __init__(self, label: Any = NAME_OR_ID, more: Callable[[str], Q] = lambda _word: Q()) -> None:
        widget = forms.TextInput(attrs={"type": "search", "placeholder": label})
        super().__init__(label=label, widget=widget)
        self.more = more

    def filter(self, queryset: QuerySet[Any], value: str) -> QuerySet[Any]:
        return queryset.filter(matching(value) | self.more(value)) if value else queryset


class EachInput(forms.TextInput):
    """A box that adds one more value; those that are set already are chips and hidden fields."""

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs={"data-whole": "", "autocomplete": "off"} | (attrs or {}))

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[str]:
        return data.getlist(name) if isinstance(data, MultiValueDict) else [data.get(name) or ""]

    def format_value(self, value: Any) -> str:
        return ""


class EachField(forms.Field):
    """Several texts of the same name in the URL, at most `most` of them."""

    def __init__(self, *args: Any, most: int = 10, placeholder: Any = "", **kwargs: Any) -> None:
        super().__init__(*args, widget=EachInput({"placeholder": placeholder}), **kwargs)
        self.most = most

    def clean(self, value: list[str]) -> list[str]:
        texts = [text.strip() for text in value if text.strip() and "\0" not in text]
        return list(dict.fromkeys(texts))[: self.most]


class EachFilter(filters.Filter):
    """A filter on several texts; its `method` gets the list."""

    field_class = EachField
