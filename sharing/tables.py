"""What both lists of shares have in common, on the page and as CSV."""

from collections.abc import Callable, Iterator
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.actor import Actor
from imsconsole.core.csv import moment
from imsconsole.core.tables import FragmentColumn, ImsTable, TimeColumn
from sharing.models import ShareQuerySet

STATUS = "sharing/_cell_status.html"
Columns = tuple[tuple[str | Promise, Callable[[Any], Any]], ...]
COMMON: Columns = (
    (_("Status"), lambda share: share.get_status_display()),
    (_("Shared at"), lambda share: moment(share.created_at)),
    (_("Answered at"), lambda share: moment(share.answered_at)),
    (_("Ends at"), lambda share: moment(share.ends_at)),
    (_("Servers made from it"), lambda share: share.servers_count),
)


class ShareTable(ImsTable):
    """Shares for `actor`. The rows come with `with_facts`, image, owner and receiver."""

    status = FragmentColumn(template_name=STATUS, order_by=("status", "pk"))
    created_at = TimeColumn("created_at")

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.actor = actor


def csv_rows(shares: ShareQuerySet, columns: Columns) -> Iterator[list[Any]]:
    """The cells of each share; 2,000 rows in memory at once."""
    for share in shares.iterator(chunk_size=2000):
        yield [cell(share) for _title, cell in columns]
