"""The trail of a project, for its members."""

from django.utils.translation import ngettext_lazy

from imsconsole.accounts.access import page_view
from imsconsole.accounts.lists import ListView
from imsconsole.accounts.models import ListName
from imsconsole.audit.filters import EventFilter
from imsconsole.audit.models import Event
from imsconsole.audit.tables import COLUMNS, EventTable

LIST = ListView(
    ListName.AUDIT,
    lambda request: Event.objects.visible_to(request.actor),
    EventFilter,
    EventTable,
    COLUMNS,
    ngettext_lazy("%(n)s event", "%(n)s events", "n"),
    template="audit/list.html",
)
list_events = page_view(LIST.page)
export_events = page_view(LIST.csv)
