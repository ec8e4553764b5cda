"""The base of every table on a page."""

from typing import Any, ClassVar

import django_tables2 as tables
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

PAGE_SIZES = (10, 25, 50, 100)


class ImsTable(tables.Table):
    """Sorted and paged by the URL, drawn by `components/table.html`.

    `empty_text` is what an empty list says; `Meta.attrs` needs an id for htmx to swap.
    """

    class Meta:
        attrs: ClassVar[dict[str, str]] = {"class": "table"}
        empty_text = _("Nothing here yet.")


def paged(
    table_class: type[ImsTable], queryset: "QuerySet[Model]", request: HttpRequest, **kwargs: Any
) -> ImsTable:
    """The table of a request: order, page and page size from its URL; bad values are ignored."""
    table = table_class(queryset, request=request, **kwargs)
    size = request.GET.get("per_page", "")
    per_page = int(size) if size.isdecimal() and int(size) in PAGE_SIZES else 25
    tables.RequestConfig(request, paginate={"per_page": per_page, "silent": True}).configure(table)
    return table
