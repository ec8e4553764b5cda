"""The fields of a list's filters are drawn once for each look, and what is kept is asked for anew in time."""

from typing import Any

import django_filters as filters
from django.http import QueryDict

from imsconsole.accounts.models import Region
from imsconsole.core.filters import ListFilter
from imsconsole.core.kept import forget_kept, kept_for

NAMES = {"cn-north": "North"}


class RegionFilter(ListFilter):
    primary = ("code",)
    code = filters.ChoiceFilter(choices=lambda: list(NAMES.items()))

    class Meta:
        model = Region
        fields = ("code",)


def drawn(query: str = "") -> str:
    return RegionFilter(QueryDict(query), queryset=Region.objects.none()).calm_fields()[0]


def test_a_choice_that_is_called_otherwise_is_drawn_anew(monkeypatch: Any) -> None:
    assert ">North</option>" in drawn()
    monkeypatch.setitem(NAMES, "cn-north", "Far north")
    assert ">Far north</option>" in drawn()


def test_what_is_chosen_and_what_is_wrong_are_drawn_as_they_are() -> None:
    assert "selected" in drawn("code=cn-north").partition("cn-north")[2]
    assert "is-invalid" in drawn("code=nowhere")
    assert "is-invalid" not in drawn()


def test_what_is_kept_is_found_once_until_it_is_forgotten() -> None:
    asked: list[int] = []
    find = kept_for(60)(lambda: asked.append(1) or len(asked))  # type: ignore[func-returns-value]
    assert [find(), find()] == [1, 1]
    forget_kept()
    assert find() == 2
    at_once = kept_for(0)(lambda: asked.append(1) or len(asked))  # type: ignore[func-returns-value]
    assert at_once() < at_once()
