"""Who has an image, as a list and as CSV."""

from typing import ClassVar

from django.utils.translation import gettext_lazy as _

from imsconsole.core.tables import ActionsColumn, FragmentColumn, ImsTable, NumberColumn, TimeColumn
from sharing.models import Share
from sharing.share.actions import GIVEN_ACTIONS
from sharing.tables import COMMON, Columns, ShareTable

MEMBER_COLUMNS: Columns = (
    (_("Image name"), lambda share: share.image.name),
    (_("Image ID"), lambda share: str(share.image_id)),
    (_("Project ID"), lambda share: str(share.project_id)),
    *COMMON,
)


class MemberTable(ShareTable):
    """The projects that one image is shared with; their servers are counted, not named."""

    caption = _("Members")
    empty_template = "sharing/share/_empty_members.html"

    project = FragmentColumn(
        template_name="sharing/share/_cell_project.html",
        verbose_name=_("Project ID"),
        order_by=("project", "pk"),
    )
    servers_count = NumberColumn("servers_count", verbose_name=_("Servers made from it"))
    answered_at = TimeColumn("answered_at")
    actions = ActionsColumn(GIVEN_ACTIONS)

    class Meta(ImsTable.Meta):
        model = Share
        fields = ("project", "status", "created_at", "answered_at", "servers_count", "actions")
        order_by = ("-created_at",)
        attrs: ClassVar[dict[str, str]] = {"class": "table", "id": "members-table"}
