"""Rows as they are now, held until the transaction ends. A server's is held before those of its disks."""

from imsconsole.accounts.actor import Actor
from imsconsole.cloud.models import Server
from imsconsole.core.errors import NotFound


def locked_server(server_id: object, actor: Actor) -> Server:
    """An existing server of the actor's project. Raises NotFound."""
    rows = Server.objects.visible_to(actor).existing().select_for_update(of=("self",), no_key=True)
    row = rows.select_related("flavor", "project", "zone").filter(pk=server_id).first()
    if row is None:
        raise NotFound
    return row
