"""Servers as they are now, locked until the transaction ends."""

from collections.abc import Iterable
from typing import Any

from imsconsole.accounts.actor import Actor
from imsconsole.cloud.models import Server
from imsconsole.core.errors import NotFound
from imsconsole.core.locks import locked


def locked_servers(server_ids: Iterable[Any], actor: Actor) -> dict[Any, Server]:
    """Existing servers of the actor's project, by key. Raises NotFound when one is not there."""
    wanted = set(server_ids)
    rows = Server.objects.visible_to(actor).existing().select_related("flavor", "project", "zone")
    found = {row.pk: row for row in locked(rows.filter(pk__in=wanted))}
    if found.keys() != wanted:
        raise NotFound
    return found


def locked_server(server_id: Any, actor: Actor) -> Server:
    """An existing server of the actor's project. Raises NotFound."""
    return locked_servers([server_id], actor)[server_id]
