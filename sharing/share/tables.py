"""Who has an image, as a list and in a file."""

from typing import ClassVar

import django_tables2 as tables
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from imsconsole.core.cells import copyable, lines
from imsconsole.core.csv import Columns
from imsconsole.core.tables import ActionsColumn, Empty, ImsTable, NumberColumn, TimeColumn
from sharing.models import Recipient, Share
from sharing.share.actions import GIVEN_ACTIONS, RECIPIENT_ACTIONS
from sharing.tables import COMMON, ShareTable

MEMBER_COLUMNS: Columns = (
    (_("Image name"), lambda share: share.image.name),
    (_("Image ID"), lambda share: str(share.image_id)),
    (_("Project ID"), lambda share: str(share.project_id)),
    *COMMON,
    (_("Account and project"), lambda share: share.receiver_name),
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

    project = tables.Column(verbose_name=_("Project"), order_by=("project", "pk"))
    servers_count = NumberColumn("servers_count", verbose_name=_("Servers made from it"))
    answered_at = TimeColumn("answered_at")
    actions = ActionsColumn(GIVEN_ACTIONS)

    class Meta(ImsTable.Meta):
        model = Share
        fields = ("project", "status", "created_at", "answered_at", "servers_count", "actions")
        order_by = ("-created_at",)
        attrs: ClassVar[dict[str, str]] = {"class": "table", "id": "members-table"}

    def render_project(self, record: Share) -> SafeString:
        """With its name, as far as the reader may know it, and the note."""
        note = format_html("“{}”", record.note) if record.note else ""
        return lines(receiver(record), note)


class RecipientTable(ImsTable):
    """A page of the address book."""

    caption = _("Address book")
    empty = Empty(
        _("No recipients yet"),
        _("Every project that you share an image with stands here, to be picked the next time."),
        icon="share",
    )

    project = tables.Column(verbose_name=_("Project"), orderable=False)
    used_at = TimeColumn("used_at", order_by=("used_at", "id"))
    actions = ActionsColumn(RECIPIENT_ACTIONS)

    class Meta(ImsTable.Meta):
        model = Recipient
        fields = ("project", "used_at", "actions")
        order_by = ("-used_at",)
        attrs: ClassVar[dict[str, str]] = {"class": "table", "id": "recipients-table"}

    def render_project(self, record: Recipient) -> SafeString:
        return receiver(record)


def receiver(record: Share | Recipient) -> SafeString:
    """What a project is called, as far as that may be known, above its ID."""
    name = record.receiver_name
    return (
        lines(format_html('<span translate="no">{}</span>', name), copyable(record.project_id))
        if name
        else copyable(record.project_id)
    )
