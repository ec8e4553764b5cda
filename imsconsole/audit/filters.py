"""Filters of the trail."""

from datetime import date, datetime, time, timedelta
from typing import Any

import django_filters as filters
from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import Q
from django.http import QueryDict
from django.utils.timezone import make_aware
from django.utils.translation import gettext_lazy as _

from imsconsole.audit.models import Event, EventQuerySet
from imsconsole.audit.words import ACTIONS, action_title, kind_title
from imsconsole.core.filters import ListFilter

DATES = [MinValueValidator(date(2000, 1, 1)), MaxValueValidator(date(2999, 12, 31))]


def _text(placeholder: Any) -> forms.TextInput:
    return forms.TextInput(attrs={"type": "search", "placeholder": placeholder})


def _day(label: Any, method: str) -> filters.DateFilter:
    return filters.DateFilter(
        label=label, method=method, validators=DATES, widget=forms.DateInput(attrs={"type": "date"})
    )


class EventFilter(ListFilter):
    """By operator, action, kind, name or ID of the resource, result, and days in the reader's time zone."""

    primary = ("resource", "user", "action", "result")

    user = filters.CharFilter(
        label=_("Done by"),
        field_name="user_name",
        lookup_expr="icontains",
        max_length=150,
        widget=_text(_("User name")),
    )
    action = filters.ChoiceFilter(label=_("Action"), empty_label=_("All"))
    kind = filters.ChoiceFilter(label=_("Resource type"), field_name="resource_type", empty_label=_("All"))
    resource = filters.CharFilter(
        label=_("Resource"), method="by_resource", max_length=255, widget=_text(_("Name or ID"))
    )
    result = filters.ChoiceFilter(label=_("Result"), choices=Event.Result, empty_label=_("All"))
    after = _day(_("From"), "from_day")
    before = _day(_("To"), "to_day")

    class Meta:
        model = Event
        fields = ("user", "action", "kind", "resource", "result", "after", "before")

    def __init__(self, data: QueryDict, *, queryset: EventQuerySet, **kwargs: Any) -> None:
        super().__init__(data, queryset=queryset, **kwargs)
        self.filters["action"].extra["choices"] = _actions(queryset)
        self.filters["kind"].extra["choices"] = _kinds(queryset)

    @staticmethod
    def by_resource(events: EventQuerySet, _name: str, text: str) -> EventQuerySet:
        return events.filter(Q(resource_id__iexact=text) | Q(resource_name__icontains=text))

    @staticmethod
    def from_day(events: EventQuerySet, _name: str, day: date) -> EventQuerySet:
        return events.filter(at__gte=_begin(day))

    @staticmethod
    def to_day(events: EventQuerySet, _name: str, day: date) -> EventQuerySet:
        return events.filter(at__lt=_begin(day + timedelta(days=1)))


def _begin(day: date) -> datetime:
    return make_aware(datetime.combine(day, time.min))


def _actions(events: EventQuerySet) -> list[tuple[str, str]]:
    """Those that occur: services by their titles, then the addresses of refused requests."""
    names = events.order_by("action").values_list("action", flat=True).distinct()
    known = [(name, f"{action_title(name)} ({name})") for name in names if name in ACTIONS]
    return sorted(known, key=lambda each: each[1]) + [(name, name) for name in names if name not in ACTIONS]


def _kinds(events: EventQuerySet) -> list[tuple[str, str]]:
    names = events.order_by("resource_type").values_list("resource_type", flat=True).distinct()
    return sorted(((name, kind_title(name)) for name in names if name), key=lambda each: each[1])
