"""Lists of the administration of which there may be millions of rows: what stands above and below them is found without reading all."""

from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache
from typing import Any

from django.contrib.admin.views.main import ChangeList
from django.db.models import Max, Min, QuerySet
from django.http import HttpRequest
from django.utils.timezone import localtime


class LongList(ChangeList):
    """Its dates are all from the first row's to the last one's: which of them have rows is known to who reads all rows.

    Of what was searched for no dates are told, as no index has the first and the last.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.query or not self.result_count:
            self.date_hierarchy = None

    def get_results(self, request: HttpRequest) -> None:
        """All are not offered where all are shown."""
        super().get_results(request)
        if not self.query and not self.get_filters_params():
            self.full_result_count = self.result_count

    def get_queryset(self, request: HttpRequest, *args: Any, **kwargs: Any) -> "QuerySet[Any]":
        found = super().get_queryset(request, *args, **kwargs)
        found.__class__ = _spanning(type(found))
        return found


class _Spanning:
    aggregate: Any

    def datetimes(self, field_name: str, kind: str) -> list[date]:
        """Years, months or days as the admin asks for them."""
        ends = self.aggregate(first=Min(field_name), last=Max(field_name))
        if ends["first"] is None:
            return []
        return list(_periods(localtime(ends["first"]).date(), localtime(ends["last"]).date(), kind))


@cache
def _spanning(kind: type) -> type:
    return type(kind.__name__, (_Spanning, kind), {})


def _periods(first: date, last: date, kind: str) -> Iterator[date]:
    """The year, month or day of each, and all between."""
    if kind == "year":
        yield from (date(year, 1, 1) for year in range(first.year, last.year + 1))
    elif kind == "month":
        months = range(12 * first.year + first.month - 1, 12 * last.year + last.month)
        yield from (date(month // 12, month % 12 + 1, 1) for month in months)
    else:
        yield from (first + timedelta(days=number) for number in range((last - first).days + 1))
