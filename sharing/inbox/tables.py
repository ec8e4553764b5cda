"""The inbox as a list and in a file."""

from typing import ClassVar

import django_tables2 as tables
from django.http import QueryDict
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from imsconsole.core.cells import joined, named
from imsconsole.core.csv import Columns
from imsconsole.core.tables import ActionsColumn, Empty, ImsTable, NumberColumn, TimeColumn
from sharing.inbox.actions import RECEIVED_ACTIONS
from sharing.models import Share
from sharing.tables import COMMON, ShareTable

INBOX_COLUMNS: Columns = (
    (_("Image name"), lambda share: share.image.name),
    (_("Image ID"), lambda share: str(share.image_id)),
    (_("Image type"), lambda share: share.image.get_type_display()),
    (_("OS"), lambda share: str(share.image.os_version or "")),
    (_("Owner"), lambda share: str(share.owner.account)),
    (_("Project of the owner"), lambda share: str(share.owner)),
    (_("Project ID of the owner"), lambda share: str(share.owner_id)),
    *COMMON,
)

TABS = {"pending": Share.Status.PENDING, "accepted": Share.Status.ACCEPTED, "rejected": Share.Status.REJECTED}
EMPTY = {
    "accepted": Empty(
        _("Nothing accepted"), _("Images that you accept stand here and among the shared images.")
    ),
    "rejected": Empty(
        _("Nothing rejected"),
        _("What you reject stays here as long as its owner shares it, so that you can still accept it."),
    ),
}


def tab_of(query: QueryDict) -> str:
    """The tab that a query names; the first when it names none."""
    tab = query.get("tab", "")
    return tab if tab in TABS else next(iter(TABS))


class InboxTable(ShareTable):
    """What is shared with a project, in one status."""

    caption = _("Shared with this project")
    choosable: ClassVar[dict[str, bool]] = {
        "status": True,
        "type": True,
        "os_version": True,
        "min_disk_gb": False,
        "owner": True,
        "created_at": True,
        "answered_at": False,
        "servers_count": True,
    }

    image = tables.Column(verbose_name=_("Image"), order_by=("image__name", "pk"))
    type = tables.Column(
        accessor="image__get_type_display", verbose_name=_("Image type"), order_by=("image__type", "pk")
    )
    os_version = tables.Column(
        accessor="image__os_version", verbose_name=_("OS"), order_by=("image__os_version__name", "pk")
    )
    min_disk_gb = tables.Column(
        accessor="image__min_disk_gb",
        verbose_name=_("Disk (GB)"),
        order_by=("image__min_disk_gb", "pk"),
        attrs={"td": {"class": "number"}},
    )
    owner = tables.Column(order_by=("owner__account__name", "pk"))
    answered_at = TimeColumn("answered_at")
    servers_count = NumberColumn("servers_count", verbose_name=_("Servers"))
    actions = ActionsColumn(RECEIVED_ACTIONS)

    class Meta(ImsTable.Meta):
        model = Share
        fields = (
            "image", "status", "type", "os_version", "min_disk_gb", "owner", "created_at", "answered_at",
            "servers_count", "actions",
        )  # fmt: skip
        order_by = ("-created_at",)
        attrs: ClassVar[dict[str, str]] = {"class": "table", "id": "inbox-table"}

    def nothing(self) -> Empty:
        if (tab := tab_of(self.request.GET)) in EMPTY:
            return EMPTY[tab]
        text = gettext("Others of this region can share images with this project. Tell them its ID: %(id)s")
        return Empty(_("No offer waits for an answer"), text % {"id": self.actor.project.pk})

    def render_image(self, record: Share) -> SafeString:
        """Its own page once it is accepted, else the offer's."""
        page = record.image if record.status == Share.Status.ACCEPTED else record
        note = format_html("<small>“{}”</small>", record.note) if record.note else ""
        return joined(named(record.image.name, record.image_id, url=page.get_absolute_url()), note)

    def render_owner(self, record: Share) -> SafeString:
        return named(record.owner_name, record.owner_id)
