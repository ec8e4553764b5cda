"""The lists of servers and key pairs."""

from typing import Any, ClassVar

import django_tables2 as tables
from django.utils.translation import gettext_lazy as _

from imsconsole.cloud.hosts import Host
from imsconsole.cloud.models import Server
from imsconsole.cloud.server_pages.actions import SERVER_ACTIONS
from imsconsole.core.tables import ActionsColumn, FragmentColumn, ImsTable, PickColumn


class ServerTable(ImsTable):
    """Servers whose guests `host` runs."""

    choosable: ClassVar[dict[str, bool]] = dict.fromkeys(
        ("status", "image", "flavor", "zone", "private_ip", "created_at"), True
    ) | {"key_pair": False, "auto_start": False}

    pick = PickColumn()
    name = FragmentColumn(template_name="cloud/server_pages/_name_cell.html", verbose_name=_("Name/ID"))
    status = FragmentColumn(template_name="cloud/server_pages/_status_cell.html", verbose_name=_("Status"))
    image = tables.Column(
        accessor="image_name",
        linkify=lambda record: record.image_page,
        order_by="image__name",
        verbose_name=_("Image"),
    )
    flavor = FragmentColumn(
        template_name="cloud/server_pages/_flavor_cell.html",
        order_by="flavor__name",
        verbose_name=_("Flavor"),
    )
    zone = tables.Column(accessor="zone__name", verbose_name=_("AZ"))
    private_ip = tables.Column(verbose_name=_("IP address"), attrs={"td": {"class": "mono"}})
    key_pair = tables.Column(order_by="key_pair__name", verbose_name=_("Key pair"))
    auto_start = tables.BooleanColumn(yesno=(_("Yes"), _("No")), verbose_name=_("Start with the host"))
    created_at = FragmentColumn("{{ value|ago }}", verbose_name=_("Created"))
    actions = ActionsColumn(SERVER_ACTIONS, lambda _record, table: {"host": table.host})

    caption = _("Servers")
    empty_template = "cloud/server_pages/_empty.html"

    class Meta(ImsTable.Meta):
        model = Server
        fields = (
            "pick", "name", "status", "image", "flavor", "zone", "private_ip", "key_pair", "auto_start", "created_at",
            "actions",
        )  # fmt: skip
        order_by = "-created_at"

    def __init__(self, *args: Any, host: Host, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.host = host
