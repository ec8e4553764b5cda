"""What several rooms' forms need."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django_bootstrap5.renderers import FormRenderer

from imsconsole.core.edits import told
from imsconsole.core.rules import Verdict, first_refusal

MOST = 2**31 - 1
INDEXED = (forms.RadioSelect, forms.CheckboxSelectMultiple)  # their first choice has the number 0 in its ID


class QuietFormRenderer(FormRenderer):
    """A form whose errors stand at its fields and in the summary above it, not in a box of their own as well."""

    def render_errors(self, type: str = "") -> SafeString:
        return SafeString()


def errors_of(form: forms.BaseForm) -> Iterator[tuple[str, str, str]]:
    """The errors of a form that was sent: the ID of the field one is at, its label, the sentence; in its order."""
    yield from (("", "", str(sentence)) for sentence in form.non_field_errors())
    for field in form:
        number = "_0" if isinstance(field.field.widget, INDEXED) else ""
        where = "" if field.is_hidden else f"{field.auto_id}{number}"
        yield from ((where, str(field.label), str(sentence)) for sentence in field.errors)


def told_fields(form: forms.BaseForm) -> Iterator[tuple[str, str]]:
    """What was filled in well, to be read once more: label and value of each field that is shown."""
    for field in form.visible_fields():
        chosen, value = field.field, form.cleaned_data[field.name]
        if isinstance(chosen, forms.ModelMultipleChoiceField):
            value = told(list(value))
        elif isinstance(chosen, forms.ModelChoiceField):
            value = chosen.label_from_instance(value) if value else chosen.empty_label or told(None)
        else:
            value = told(value, getattr(chosen, "choices", None))
        yield str(field.label), str(value)


class Combobox(forms.Select):
    """A choice of very many rows in groups, which are called a `family` each: a search where scripts run, else a select."""

    template_name = "components/_combobox.html"

    def __init__(self, *, family: Any, rows: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.called = {"family": family, "rows": rows}

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        context["widget"] |= self.called
        return context


class RuledChoiceField(forms.ModelChoiceField[Any]):
    """A row: only those that a rule allows are offered, and another that is sent gets the rule's sentence."""

    rule: Callable[[Any], Verdict] | None = None

    def offer(
        self,
        rows: QuerySet[Any],
        rule: Callable[[Any], Verdict] | None = None,
        offered: Iterable[Any] | None = None,
    ) -> None:
        """Take any of `rows`. `offered`: those of them that are shown, if it is known already which the rule allows."""
        if offered is None:
            offered = [row for row in rows if rule is None or rule(row)]
        shown = {row.pk for row in offered}
        self.queryset = rows.filter(pk__in=shown)
        choices: Any = self.choices
        shown_choices = list(choices)
        self.queryset, self.rule = rows, rule
        self.widget.choices = shown_choices

    def clean(self, value: Any) -> Any:
        found = super().clean(value)
        several = found if isinstance(found, QuerySet) else [found] if found else []
        if self.rule and not (verdict := first_refusal(map(self.rule, several))):
            raise forms.ValidationError(verdict.reason, verdict.code)
        return found


class RuledMultipleChoiceField(RuledChoiceField, forms.ModelMultipleChoiceField[Any]):
    """Several of them."""


class NumberField(forms.IntegerField):
    """A whole number, never larger than what a database column holds."""

    def __init__(self, *, max_value: int = MOST, **kwargs: Any) -> None:
        super().__init__(max_value=max_value, **kwargs)


def limit_number(field: Any, smallest: int, largest: int) -> None:
    """An integer field of GB takes `smallest` to `largest`, and says so."""
    field.min_value, field.max_value = smallest, largest
    field.validators += forms.IntegerField(min_value=smallest, max_value=largest).validators
    field.widget.attrs |= {"min": smallest, "max": largest}
    field.help_text = _("%(smallest)s to %(largest)s GB.") % {"smallest": smallest, "largest": largest}
