"""Servers in the search."""

from django.utils.translation import gettext_lazy as _

from imsconsole.cloud.models import Server
from imsconsole.cloud.server_pages.filters import ServerFilter
from imsconsole.cloud.server_pages.tables import servers_of
from imsconsole.search.kinds import Kind


def _told(server: Server) -> str:
    return f"{server.private_ip} · {server.get_status_display()}"


SEARCHED = (
    Kind(
        2, _("Servers"), "server-stack", servers_of, ServerFilter, "servers:list", "servers:detail",
        fields=("q", "tag"), told=_told,
    ),
)  # fmt: skip
