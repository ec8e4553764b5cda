"""The base of every table on a page."""

from typing import Any, ClassVar

import django_tables2 as tables
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

PAGE_SIZES = (10, 25, 50, 100)
PER_PAGE = 25


class ImsTable(tables.Table):
    """Sorted and paged by the URL, drawn by `components/table.html`.

    `empty_text` is what an empty list says, or `empty_template` is drawn in the table's place.
    `caption` names the table for screen readers.
    """

    page_sizes: ClassVar[tuple[int, ...]] = PAGE_SIZES
    caption: ClassVar[str | Promise] = ""
    empty_template: ClassVar[str] = ""

    class Meta:
        attrs: ClassVar[dict[str, str]] = {"class": "table"}
        empty_text = _("Nothing here yet.")

    @property
    def dom_id(self) -> str:
        """The id of the root element, which htmx swaps: `Meta.attrs["id"]`, else made of the class's name."""
        return self.attrs.get("id") or f"{type(self).__name__.lower()}{self.prefix}"


def paged(
    table_class: type[ImsTable], queryset: "QuerySet[Model]", request: HttpRequest, **kwargs: Any
) -> ImsTable:
    """The table of a request: order, page and page size from its URL; bad values are ignored."""
    table = table_class(queryset, request=request, **kwargs)
    tables.RequestConfig(request, paginate=False).configure(table)  # its own paging takes any size
    size = request.GET.get(table.prefixed_per_page_field, "")
    table.paginate(per_page=int(size) if size.isdecimal() and int(size) in PAGE_SIZES else PER_PAGE)
    table.page = table.paginator.get_page(request.GET.get(table.prefixed_page_field))
    return table
