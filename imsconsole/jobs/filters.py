"""Filters of the list of jobs."""

from typing import Any

import django_filters as filters
from django import forms
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from imsconsole.core.filters import ListFilter
from imsconsole.jobs.models import Job


class JobFilter(ListFilter):
    """By part of the subject's name, kind and state; a value that does not exist is ignored."""

    primary = ("q", "kind", "state")

    q = filters.CharFilter(
        label=_("Name"),
        field_name="subject_name",
        lookup_expr="icontains",
        widget=forms.TextInput(attrs={"type": "search", "placeholder": _("Name")}),
    )
    kind = filters.ChoiceFilter(label=_("Job"), empty_label=_("All"))
    state = filters.ChoiceFilter(label=_("State"), choices=Job.State, empty_label=_("All"))

    class Meta:
        model = Job
        fields = ("q", "kind", "state")

    def __init__(self, data: QueryDict, *, queryset: "QuerySet[Job]", **kwargs: Any) -> None:
        super().__init__(data, queryset=queryset, **kwargs)
        self.filters["kind"].extra["choices"] = _kinds(queryset)


def _kinds(jobs: "QuerySet[Job]") -> list[tuple[str, str]]:
    """The kinds that occur, by their titles."""
    rows = jobs.order_by("kind").values_list("kind", "path").distinct()
    return sorted({kind: Job(kind=kind, path=path).title for kind, path in rows}.items(), key=lambda k: k[1])
