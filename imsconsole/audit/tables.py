"""The trail as a list, and as a CSV file."""

from typing import ClassVar

import django_tables2 as tables
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _

from imsconsole.audit.models import Event
from imsconsole.core.cells import lines, link, status
from imsconsole.core.csv import Columns
from imsconsole.core.pages import pages_found
from imsconsole.core.tables import Empty, FragmentColumn, ImsTable, TimeColumn


class EventTable(ImsTable):
    """When, who, what, to which resource, how it ended; the rest unfolds."""

    caption = _("Audit")
    empty = Empty(
        _("Nothing has been done here yet"),
        _("Every change and every refused attempt in this project leaves a line here."),
        icon="clipboard-document-list",
    )
    choosable: ClassVar[dict[str, bool]] = dict.fromkeys(("user_name", "resource_name", "result"), True)

    at = TimeColumn("at", "exact", verbose_name=_("Time"))
    user_name = tables.Column(verbose_name=_("Done by"), orderable=False, default=_("the service"))
    action = FragmentColumn("audit/_cell_action.html", verbose_name=_("Action"), orderable=False)
    resource_name = tables.Column(verbose_name=_("Resource"), orderable=False, empty_values=())
    result = tables.Column(verbose_name=_("Result"), orderable=False)

    class Meta(ImsTable.Meta):
        model = Event
        fields = ("at", "user_name", "action", "resource_name", "result")
        order_by = ("-at",)
        attrs: ClassVar[dict[str, str]] = {"class": "table", "id": "audit-table"}

    def load(self, records: list[Event]) -> None:
        self.pages = pages_found(((event.resource_type, event.resource_id) for event in records), self.actor)

    def render_resource_name(self, record: Event) -> SafeString:
        """With the way there while it is there."""
        url = self.pages.get((record.resource_type, record.resource_id), "")
        return lines(link(url, record.resource_name or record.resource_id), record.kind_title)

    def render_result(self, record: Event) -> SafeString:
        ended = status(record.status, record.get_result_display())
        return lines(ended, record.repeated) if record.repeated else ended


COLUMNS: Columns = (
    (_("Time"), lambda event: localtime(event.at).isoformat(sep=" ", timespec="seconds")),
    (_("Done by"), lambda event: event.user_name),
    (_("Action"), lambda event: event.action_title),
    (_("Trace name"), lambda event: event.action),
    (_("Resource type"), lambda event: event.kind_title),
    (_("Resource name"), lambda event: event.resource_name),
    (_("Resource ID"), lambda event: event.resource_id),
    (_("Result"), lambda event: event.get_result_display()),
    (_("Times"), lambda event: event.times),
    (_("Code"), lambda event: event.code),
    (_("Details"), lambda event: event.sentence),
    (_("Source address"), lambda event: event.address or ""),
)
