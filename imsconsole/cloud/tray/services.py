"""Take an ISO out of a server's tray. Mounting one is `images.mount.services`."""

from imsconsole.accounts.actor import Actor
from imsconsole.accounts.log import service
from imsconsole.cloud.models import Server
from imsconsole.cloud.tray.jobs import EjectIso, occupy
from imsconsole.cloud.tray.rules import can_eject_iso
from imsconsole.core.locks import locked
from imsconsole.jobs.start import start_job


@service("ejectIso")
def eject_iso(server: Server, *, actor: Actor) -> Server:
    """Eject what is mounted, whatever the guest does with it. Raises Refused, NotFound, Conflict."""
    server = locked(Server.objects.for_change(actor), server.pk)
    can_eject_iso(server, actor).require()
    start_job(EjectIso, server, actor=actor)
    return occupy(server)
