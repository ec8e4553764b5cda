"""The list of servers, and the columns of its file."""

import hashlib
from collections.abc import Collection, Iterable
from typing import Any, ClassVar

import django_tables2 as tables
from django.db.models import Exists, OuterRef
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.actor import Actor
from imsconsole.cloud.hosts import host_of
from imsconsole.cloud.keys.rules import with_locked_disks
from imsconsole.cloud.models import Disk, Server, ServerQuerySet
from imsconsole.cloud.models.origins import with_lost_images
from imsconsole.cloud.server_pages.actions import SERVER_ACTIONS
from imsconsole.cloud.servers.boot_check import ALIVE
from imsconsole.cloud.servers.rules import BUSY
from imsconsole.cloud.tags.tables import TagsColumn, tags_cell, with_tags
from imsconsole.core.cells import lines, named, status
from imsconsole.core.csv import Columns, moment
from imsconsole.core.tables import (
    ActionsColumn,
    Empty,
    ImsTable,
    NameColumn,
    PickColumn,
    StatusColumn,
    TimeColumn,
)

SEEN = "X-Seen"  # the header with what a page that asks again has seen
COLUMNS: Columns = (
    (_("Name"), lambda server: server.name),
    ("ID", lambda server: server.pk),
    (_("Status"), lambda server: server.get_status_display()),
    (_("Image"), lambda server: server.image_name),
    (_("Image ID"), lambda server: "" if server.has_lost_image else server.image_id),
    (_("Flavor"), lambda server: server.flavor.name),
    (_("vCPUs"), lambda server: server.flavor.vcpus),
    (_("Memory (MB)"), lambda server: server.flavor.memory_mb),
    (_("AZ"), lambda server: server.zone.name),
    (_("IP address"), lambda server: server.private_ip),
    (_("Key pair"), lambda server: server.key_pair),
    (_("Start with the host"), lambda server: gettext("Yes") if server.auto_start else gettext("No")),
    (_("Temporary server"), lambda server: gettext("Yes") if server.is_temporary else gettext("No")),
    (_("Tags"), tags_cell),
    (_("Created at"), lambda server: moment(server.created_at)),
)


def servers_of(actor: Actor) -> ServerQuerySet:
    """Every server of the project that exists."""
    servers: ServerQuerySet = Server.objects.visible_to(actor).existing()
    return with_lost_images(servers.select_related("project", "flavor", "image", "zone", "key_pair"))


def state_seen(servers: Iterable[Server], disks: Iterable[Disk] = ()) -> str:
    """A digest of what may change by itself: a page that polls with it in X-Seen gets 204 until it does."""
    states = [
        f"{server.pk} {server.status} {server.task} {server.status_code} {server.status_since}"
        for server in servers
    ]
    states += [f"{disk.pk} {disk.status} {disk.size_gb}" for disk in disks]
    return hashlib.sha256("\n".join(states).encode()).hexdigest()[:16]


class ServerTable(ImsTable):
    """A page of `servers_of`. `seen_state` is of what may change by itself in it."""

    choosable: ClassVar[dict[str, bool]] = dict.fromkeys(
        ("status", "image", "flavor", "zone", "private_ip", "created_at"), True
    ) | {"key_pair": False, "auto_start": False, "tags": False}

    pick = PickColumn()
    name = NameColumn()
    status = StatusColumn()
    image = tables.Column(
        accessor="image_name",
        linkify=lambda record: record.image_page,
        orderable=False,
        verbose_name=_("Image"),
    )
    flavor = tables.Column(orderable=False, verbose_name=_("Flavor"))
    zone = tables.Column(accessor="zone__name", orderable=False, verbose_name=_("AZ"))
    private_ip = tables.Column(verbose_name=_("IP address"), attrs={"td": {"class": "mono"}})
    key_pair = tables.Column(orderable=False, verbose_name=_("Key pair"))
    auto_start = tables.BooleanColumn(yesno=(_("Yes"), _("No")), verbose_name=_("Start with the host"))
    tags = TagsColumn()
    created_at = TimeColumn("created_at", verbose_name=_("Created"))
    actions = ActionsColumn(SERVER_ACTIONS, lambda _record, table: {"host": table.host})

    caption = _("Servers")
    empty = Empty(
        _("No servers yet"),
        _("A server is created from an image: choose one, a flavor and how you sign in."),
        icon="server-stack",
    )
    poll_template = "cloud/server_pages/_poll.html"

    class Meta(ImsTable.Meta):
        model = Server
        fields = (
            "pick", "name", "status", "image", "flavor", "zone", "private_ip", "key_pair", "auto_start", "tags", "created_at",
            "actions",
        )  # fmt: skip
        row_attrs: ClassVar[dict[str, Any]] = {"id": lambda record: f"server-{record.pk}"}
        order_by = "-created_at"

    @classmethod
    def reading(cls, rows: Any, columns: Collection[str], _actor: Any) -> Any:
        damaged = Disk.objects.damaged().filter(server=OuterRef("pk"), beside=False)
        return with_tags(with_locked_disks(rows).annotate(is_damaged=Exists(damaged)), columns)

    def load(self, records: list[Any]) -> None:
        self.host = host_of(self.actor.region)
        self.seen_state = state_seen(records)

    def is_working(self, record: Server) -> bool:
        return record.status in BUSY or bool(record.task)

    def render_name(self, record: Server) -> SafeString:
        badge = format_html(' <span class="badge text-bg-secondary">{}</span>', gettext("temporary"))
        return named(
            record.name, record.pk, badge if record.is_temporary else "", url=record.get_absolute_url()
        )

    def render_status(self, record: Any) -> SafeString:
        said = record.status_sentence if record.status_code and record.status_code != ALIVE else ""
        damaged = format_html('<span class="text-danger">{}</span>', gettext("System disk damaged"))
        return lines(
            status(record.status, record.get_status_display()),
            record.task and record.get_task_display(),
            said,
            damaged if record.is_damaged else "",
        )

    def render_flavor(self, value: Any) -> SafeString:
        return lines(value.name, format_html('<span class="text-nowrap">{}</span>', value.size))
