"""Mount an ISO image on a server."""

from images.models import Image
from images.mount.rules import can_mount_on
from imsconsole.accounts.actor import Actor
from imsconsole.accounts.log import service
from imsconsole.cloud.models import Server
from imsconsole.cloud.stored.rows import use_stored
from imsconsole.cloud.tray.jobs import MountIso, occupy
from imsconsole.core.locks import locked
from imsconsole.jobs.start import start_job


@service("mountIso")
def mount_iso(server: Server, *, image: Image, actor: Actor) -> Server:
    """Mount an ISO image on a server, running or stopped, in the place of the one before.

    The server keeps a link of its own to the bytes, as it does of its system disk (R87): it has the ISO until it is
    ejected, whatever becomes of the image. Raises Refused, NotFound, Conflict.
    """
    image = locked(Image.objects.visible_to(actor), image.pk)
    server = locked(Server.objects.for_change(actor), server.pk)
    can_mount_on(server, image, actor).require()
    stored = image.disks.earliest("index")
    job = start_job(
        MountIso,
        server,
        actor=actor,
        image_id=str(image.pk),
        image_name=image.name,
        image_ref=stored.ref,
    )
    use_stored(job, [stored])
    return occupy(server)
