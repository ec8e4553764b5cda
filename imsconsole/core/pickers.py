"""One of many rows, chosen on a page: a search, the first rows that it finds, more of them on request.

One component for every form, with scripts and without. What is searched for is sent with the step's form, so that what
was typed stays where it is, and neither passwords nor long texts get into an address.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django import forms
from django.db.models import Model, QuerySet
from django.forms.boundfield import BoundField
from django.forms.utils import ErrorDict
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.functional import Promise, cached_property
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from imsconsole.core.forms import RuledChoiceField
from imsconsole.core.rules import ALLOWED, Verdict

AT_ONCE, MOST = 25, 200
LONGEST_WORD = 128
REFRESH, MORE, FILL = "refresh", "more-", "fill"  # what the buttons send that only draw a form again
WORD, FORMER, SHOWN = (
    "_q",
    "_was",
    "_shown",
)  # behind a picker's name: what is searched for, was, how many are shown


@dataclass(frozen=True)
class Pick:
    """A row that one may choose, or why not; `note` is what else there is to say."""

    thing: Any
    verdict: Verdict
    is_chosen: bool = False
    note: str = ""
    cells: Sequence[tuple[str | Promise, Any]] = ()  # each with its heading
    back: str = ""  # where the way out of a refusal leads back to


class Picker(forms.Widget):
    """Drawn by its field, which knows what is searched for."""

    use_fieldset = True

    def id_for_label(self, id_: str) -> str:
        return ""


class PickerField(RuledChoiceField):
    """A row, found by a part of its name. A subclass says what is shown of it.

    `heads` are the columns, `cells` what stands in them behind the name. `back` is an address that takes an ID.
    """

    widget = Picker
    heads: ClassVar[Sequence[str | Promise]] = (_("Name"),)
    nothing: str | Promise = _("There is nothing to choose from.")
    back: str = ""
    is_searched: bool = True  # else there is nothing to choose but what `empty_label` says

    def offer(  # type: ignore[override]
        self,
        rows: "QuerySet[Any]",
        rule: Callable[[Any], Verdict] | None = None,
        listed: "Callable[[], Iterable[QuerySet[Any]]] | None" = None,
        note: Callable[[Any], str] | None = None,
    ) -> None:
        """Take any of `rows` that the rule allows. `listed`: those of them that are shown, one queryset after the other."""
        self.queryset, self.rule, self.note = rows, rule, note
        self.listed = listed or (lambda: [rows])

    def found(self, word: str, most: int) -> list[Any]:
        """The first rows that have the word in their name."""
        rows: list[Any] = []
        if not self.is_searched:
            return rows
        for part in self.listed():
            if missing := most - len(rows):
                rows += self.search(part, word)[:missing] if word else part[:missing]
        return rows

    def search(self, rows: "QuerySet[Any]", word: str) -> "QuerySet[Any]":
        return rows.filter(name__icontains=word)

    def load(self, rows: list[Any]) -> None:
        """Find what the rule asks of these rows besides, in as many queries for one as for a hundred."""

    def described(self, row: Any) -> Any:
        """The label of its button."""
        return self.label_from_instance(row)

    def cells(self, row: Any) -> Iterable[Any]:
        return ()

    def pick(self, row: Any, *, is_chosen: bool) -> Pick:
        verdict = self.rule(row) if self.rule else ALLOWED
        cells = list(zip(self.heads, [self.described(row), *self.cells(row)], strict=True))
        return Pick(
            row,
            verdict,
            is_chosen,
            self.note(row) if self.note else "",
            cells,
            self.back and f"{self.back}{row.pk}",
        )

    def get_bound_field(self, form: forms.BaseForm, field_name: str) -> "BoundPicker":
        return BoundPicker(form, self, field_name)


class BoundPicker(BoundField):
    """A picker as its form was sent: what is searched for, which rows that shows, which is chosen."""

    field: PickerField

    def _sent(self, what: str) -> str:
        data: Mapping[str, Any] = self.form.data if self.form.is_bound else self.form.initial
        return str(data.get(f"{self.html_name}{what}") or "").strip()[:LONGEST_WORD]

    @property
    def word(self) -> str:
        return self._sent(WORD)

    @cached_property
    def shown(self) -> int:
        """How many rows at most: as many as before and, if that is asked for, more; of another word the first."""
        before = self._sent(SHOWN)
        if not (before.isdecimal() and len(before) < 5) or self._sent(FORMER) != self.word:
            return AT_ONCE
        data: Mapping[str, Any] = self.form.data if self.form.is_bound else self.form.initial
        more = AT_ONCE if data.get("action") == f"{MORE}{self.html_name}" else 0
        return min(max(int(before), AT_ONCE) + more, MOST)

    @cached_property
    def rows(self) -> list[Any]:
        """One more than is shown tells that there are more."""
        return self.field.found(self.word, self.shown + 1)

    @property
    def has_more(self) -> bool:
        return len(self.rows) > self.shown

    @property
    def is_at_end(self) -> bool:
        """Nobody reads on: from here one searches."""
        return self.shown == MOST

    @property
    def said(self) -> str | Promise:
        """What was found, in a sentence that is read aloud when it changes."""
        if not self.rows:
            if not self.word:
                return self.field.nothing
            return _("Nothing here has “%(word)s” in its name.") % {"word": self.word}
        if not self.has_more:
            return ngettext("%(n)s found.", "%(n)s found.", len(self.rows)) % {"n": len(self.rows)}
        return _("The first %(n)s are listed. Search for a part of the name to see others.") % {
            "n": self.shown
        }

    @cached_property
    def chosen(self) -> Any:
        """The row that is chosen, whether it is among those that are shown or not."""
        if not self.form.is_bound and isinstance(self.initial, Model):
            return self.initial
        if known := getattr(self.form, "cleaned_data", {}).get(self.name):
            return known
        try:
            return self.field.to_python(self.value())
        except forms.ValidationError:
            return None

    @cached_property
    def picks(self) -> list[Pick]:
        """The rows that are shown, of each page those that may be chosen first. The chosen one is always there."""
        rows, chosen = self.rows[: self.shown], self.chosen
        if chosen and chosen not in rows:
            rows = [chosen, *rows]
        self.field.load(rows)
        picks = [self.field.pick(row, is_chosen=row == chosen) for row in rows]
        pages = [picks[start : start + AT_ONCE] for start in range(0, len(picks), AT_ONCE)]
        return self._none() + [
            pick for page in pages for pick in sorted(page, key=lambda pick: not pick.verdict)
        ]

    def _none(self) -> list[Pick]:
        """That nothing is chosen may be chosen where a row is not required."""
        if self.field.required or not self.field.empty_label:
            return []
        return [
            Pick(None, ALLOWED, self.chosen is None, cells=[(self.field.heads[0], self.field.empty_label)])
        ]

    def as_widget(self, widget: Any = None, attrs: Any = None, only_initial: bool = False) -> SafeString:
        if only_initial or widget is not None:
            return super().as_widget(widget, attrs, only_initial)
        return render_to_string("components/_picker.html", {"picker": self})


class PickingForm(forms.Form):
    """A form with pickers, or with a summary. Sent only to be drawn again it keeps what was typed, and says nothing of it."""

    @property
    def is_refreshed(self) -> bool:
        return self.is_bound and is_refresh(self.data)

    def is_valid(self) -> bool:
        return not self.is_refreshed and super().is_valid()

    def full_clean(self) -> None:
        if not self.is_refreshed:
            return super().full_clean()
        self._errors, self.cleaned_data = ErrorDict(), {}
        return None

    def filled(self, name: str) -> Any:
        """What a field holds as it is filled in now; None while it is not, or not well."""
        try:
            return self.fields[name].clean(self[name].value())
        except forms.ValidationError:
            return None


def is_refresh(data: Mapping[str, Any]) -> bool:
    """Whether a form is sent only to be drawn again: by such a button, or by Enter behind a word to search for."""
    action = str(data.get("action", ""))
    return (
        action in (REFRESH, FILL) or action.startswith(MORE) or any(_is_searched(data, name) for name in data)
    )


def _is_searched(data: Mapping[str, Any], name: str) -> bool:
    return name.endswith(FORMER) and data[name] != data.get(f"{name.removesuffix(FORMER)}{WORD}", "")


def picks_of(request: HttpRequest, form: forms.BaseForm | None) -> HttpResponse | None:
    """The answer to htmx that asks for the rows of one picker only."""
    target = getattr(getattr(request, "htmx", None), "target", None)
    for field in form or ():
        if target and isinstance(field, BoundPicker) and target == f"{field.auto_id}-found":
            return HttpResponse(render_to_string("components/_picks.html", {"picker": field}))
    return None
