"""Give a server another flavor."""

from images.resize.rules import can_order_resize, more_of
from imsconsole.accounts.actor import Actor
from imsconsole.accounts.log import service
from imsconsole.accounts.models import Region
from imsconsole.cloud.models import Flavor, Server
from imsconsole.cloud.servers.jobs import ResizeServer
from imsconsole.cloud.servers.states import change_status
from imsconsole.core.errors import NotFound
from imsconsole.core.locks import locked
from imsconsole.jobs.quotas import lock_project
from imsconsole.jobs.start import start_job


@service("resizeServer")
def resize_server(server: Server, *, flavor: Flavor, stop_first: bool = False, actor: Actor) -> Server:
    """Resize a server to `flavor`; resizing to the former one undoes it.

    `stop_first` says that a running server may be stopped, which is started again then. Raises Refused, NotFound,
    Conflict.
    """
    lock_project(actor.project)
    locked(Region.objects.all(), actor.region.pk)
    server = locked(Server.objects.for_change(actor).select_related("image__os_version"), server.pk)
    chosen = Flavor.objects.filter(pk=flavor.pk).first()
    if chosen is None:
        raise NotFound("flavor-gone", name=flavor.pk)
    can_order_resize(server, chosen, actor, stop_first=stop_first).require()
    start_job(
        ResizeServer,
        server,
        actor=actor,
        reserves=more_of(server, chosen),
        flavor=chosen.pk,
        former=server.flavor_id,
        starts=server.status == Server.Status.RUNNING,
    )
    return change_status(server, ResizeServer.busy)
