"""Who has an image, as a list and in a file."""

from typing import ClassVar

import django_tables2 as tables
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from imsconsole.core.cells import copyable, lines
from imsconsole.core.csv import Columns
from imsconsole.core.tables import ActionsColumn, Empty, ImsTable, NumberColumn, TimeColumn
from sharing.models import Share
from sharing.share.actions import GIVEN_ACTIONS
from sharing.tables import COMMON, ShareTable

MEMBER_COLUMNS: Columns = (
    (_("Image name"), lambda share: share.image.name),
    (_("Image ID"), lambda share: str(share.image_id)),
    (_("Project ID"), lambda share: str(share.project_id)),
    *COMMON,
)


class MemberTable(ShareTable):
    """The projects that one image is shared with; their servers are counted, not named."""

    caption = _("Members")
    empty = Empty(
        _("Shared with nobody"),
        _(
            "Offer it to projects of this region. They see it once they have accepted it, and you can stop at any time."
        ),
        icon="share",
    )

    project = tables.Column(verbose_name=_("Project ID"), order_by=("project", "pk"))
    servers_count = NumberColumn("servers_count", verbose_name=_("Servers made from it"))
    answered_at = TimeColumn("answered_at")
    actions = ActionsColumn(GIVEN_ACTIONS)

    class Meta(ImsTable.Meta):
        model = Share
        fields = ("project", "status", "created_at", "answered_at", "servers_count", "actions")
        order_by = ("-created_at",)
        attrs: ClassVar[dict[str, str]] = {"class": "table", "id": "members-table"}

    def render_project(self, record: Share) -> SafeString:
        """One of the same account has a name for the reader, too."""
        is_own = record.project.account_id == self.actor.project.account_id
        return lines(copyable(record.project_id), record.project if is_own else "")
