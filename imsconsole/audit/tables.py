"""The trail as a list, and as a CSV file."""

from collections.abc import Callable, Iterator
from typing import Any, ClassVar

from django.utils.functional import Promise
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _

from imsconsole.audit.models import Event, EventQuerySet
from imsconsole.core.tables import FragmentColumn, ImsTable


class EventTable(ImsTable):
    """When, who, what, to which resource, how it ended; the rest unfolds."""

    caption = _("Audit")
    empty_template = "audit/_empty_list.html"

    at = FragmentColumn("{{ record.at|ago }}", verbose_name=_("Time"), order_by=("at", "pk"))
    user_name = FragmentColumn(
        "{{ record.user_name|default:service }}",
        verbose_name=_("Done by"),
        orderable=False,
        extra_context={"service": _("the service")},
    )
    action = FragmentColumn(
        template_name="audit/_cell_action.html", verbose_name=_("Action"), orderable=False
    )
    resource_name = FragmentColumn(
        template_name="audit/_cell_resource.html", verbose_name=_("Resource"), orderable=False
    )
    result = FragmentColumn(
        template_name="audit/_cell_result.html", verbose_name=_("Result"), orderable=False
    )

    class Meta(ImsTable.Meta):
        model = Event
        fields = ("at", "user_name", "action", "resource_name", "result")
        order_by = ("-at",)
        attrs: ClassVar[dict[str, str]] = {"class": "table", "id": "audit-table"}


COLUMNS: tuple[tuple[str | Promise, Callable[[Event], Any]], ...] = (
    (_("Time"), lambda event: localtime(event.at).isoformat(sep=" ", timespec="seconds")),
    (_("Done by"), lambda event: event.user_name),
    (_("Action"), lambda event: event.action_title),
    (_("Trace name"), lambda event: event.action),
    (_("Resource type"), lambda event: event.kind_title),
    (_("Resource name"), lambda event: event.resource_name),
    (_("Resource ID"), lambda event: event.resource_id),
    (_("Result"), lambda event: event.get_result_display()),
    (_("Code"), lambda event: event.code),
    (_("Details"), lambda event: event.sentence),
    (_("Source address"), lambda event: event.address or ""),
)


def csv_rows(events: EventQuerySet) -> Iterator[list[Any]]:
    """The cells of each event; 2,000 rows in memory at once."""
    for event in events.iterator(chunk_size=2000):
        yield [cell(event) for _title, cell in COLUMNS]
