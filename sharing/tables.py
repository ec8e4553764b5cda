"""What both lists of shares have in common, on the page and in a file."""

from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from imsconsole.core.cells import fragment
from imsconsole.core.csv import Columns, moment
from imsconsole.core.tables import ImsTable, StatusColumn, TimeColumn
from sharing.models import Share

COMMON: Columns = (
    (_("Status"), lambda share: share.get_status_display()),
    (_("Shared at"), lambda share: moment(share.created_at)),
    (_("Answered at"), lambda share: moment(share.answered_at)),
    (_("Ends at"), lambda share: moment(share.ends_at)),
    (_("Servers made from it"), lambda share: share.servers_count),
    (_("Note"), lambda share: share.note),
)


class ShareTable(ImsTable):
    """Shares for `actor`. The rows come with `with_facts`, image, owner and receiver."""

    status = StatusColumn()
    created_at = TimeColumn("created_at")

    def render_status(self, record: Share) -> SafeString:
        return fragment("sharing/_status.html", share=record)
