"""Who has an image, and what is shared with a project; both as lists and as CSV."""

from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import django_tables2 as tables
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.actor import Actor
from imsconsole.core.csv import moment
from imsconsole.core.tables import ActionsColumn, FragmentColumn, ImsTable, NumberColumn, TimeColumn
from sharing.models import Share, ShareQuerySet
from sharing.rules import can_accept, can_reject, can_stop_sharing, can_withdraw_notice

STATUS = "sharing/_cell_status.html"


def _owner_actions(record: Share, table: Any) -> dict[str, Any]:
    return {
        "can_stop_sharing": can_stop_sharing(record, table.actor),
        "can_withdraw_notice": can_withdraw_notice(record, table.actor),
    }


def _receiver_actions(record: Share, table: Any) -> dict[str, Any]:
    return {"can_accept": can_accept(record, table.actor), "can_reject": can_reject(record, table.actor)}


class ShareTable(ImsTable):
    """Shares for `actor`. The rows come with `with_facts`, image, owner and receiver."""

    status = FragmentColumn(template_name=STATUS, order_by=("status", "pk"))
    created_at = TimeColumn("created_at")

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.actor = actor


class MemberTable(ShareTable):
    """The projects that one image is shared with; their servers are counted, not named."""

    caption = _("Members")
    empty_template = "sharing/_empty_members.html"

    project = FragmentColumn(
        template_name="sharing/_cell_project.html", verbose_name=_("Project ID"), order_by=("project", "pk")
    )
    servers_count = NumberColumn("servers_count", verbose_name=_("Servers made from it"))
    answered_at = TimeColumn("answered_at")
    actions = ActionsColumn("sharing/_member_actions.html", extra_context=_owner_actions)

    class Meta(ImsTable.Meta):
        model = Share
        fields = ("project", "status", "created_at", "answered_at", "servers_count", "actions")
        order_by = ("-created_at",)
        attrs: ClassVar[dict[str, str]] = {"class": "table", "id": "members-table"}


class InboxTable(ShareTable):
    """What is shared with a project, in one status."""

    caption = _("Shared with this project")
    empty_template = "sharing/_empty_inbox.html"
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

    image = FragmentColumn(
        template_name="sharing/_cell_image.html", verbose_name=_("Image"), order_by=("image__name", "pk")
    )
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
    owner = FragmentColumn(template_name="sharing/_cell_owner.html", order_by=("owner__account__name", "pk"))
    answered_at = TimeColumn("answered_at")
    servers_count = NumberColumn("servers_count", verbose_name=_("Servers"))
    actions = ActionsColumn("sharing/_inbox_actions.html", extra_context=_receiver_actions)

    class Meta(ImsTable.Meta):
        model = Share
        fields = (
            "image", "status", "type", "os_version", "min_disk_gb", "owner", "created_at", "answered_at",
            "servers_count", "actions",
        )  # fmt: skip
        order_by = ("-created_at",)
        attrs: ClassVar[dict[str, str]] = {"class": "table", "id": "inbox-table"}


Columns = tuple[tuple[str | Promise, Callable[[Any], Any]], ...]
COMMON: Columns = (
    (_("Status"), lambda share: share.get_status_display()),
    (_("Shared at"), lambda share: moment(share.created_at)),
    (_("Answered at"), lambda share: moment(share.answered_at)),
    (_("Ends at"), lambda share: moment(share.ends_at)),
    (_("Servers made from it"), lambda share: share.servers_count),
)
MEMBER_COLUMNS: Columns = (
    (_("Image name"), lambda share: share.image.name),
    (_("Image ID"), lambda share: str(share.image_id)),
    (_("Project ID"), lambda share: str(share.project_id)),
    *COMMON,
)
INBOX_COLUMNS: Columns = (
    (_("Image name"), lambda share: share.image.name),
    (_("Image ID"), lambda share: str(share.image_id)),
    (_("Image type"), lambda share: share.image.get_type_display()),
    (_("OS"), lambda share: str(share.image.os_version or "")),
    (_("Owner"), lambda share: str(share.owner.account)),
    (_("Project ID of the owner"), lambda share: str(share.owner_id)),
    *COMMON,
)


def csv_rows(shares: ShareQuerySet, columns: Columns) -> Iterator[list[Any]]:
    """The cells of each share; 2,000 rows in memory at once."""
    for share in shares.iterator(chunk_size=2000):
        yield [cell(share) for _title, cell in columns]
