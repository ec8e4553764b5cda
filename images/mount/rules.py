"""May an ISO image be mounted on a server? The server first, then the image."""

from django.utils.translation import gettext_lazy as _

from images.fields.rules import is_active
from images.models import Image
from images.product.rules import may_use_product
from imsconsole.accounts.actor import Actor
from imsconsole.cloud.hosts import Host
from imsconsole.cloud.models import Server
from imsconsole.cloud.tray.rules import can_mount_iso
from imsconsole.core.rules import Verdict, refuse


def can_mount(image: Image, actor: Actor) -> Verdict:
    """Any ISO image in state Normal that the project sees, of the same region: its own, public ones, those shared with it.

    It makes no servers (R66): none boots from it.
    """
    if image.region_id != actor.region.pk:
        return refuse("other-region", _("The image is in another region. Copy it to this region first."))
    if image.type != Image.Type.ISO:
        return refuse("mount-needs-iso", _("Only ISO images can be mounted. This is the image of a disk."))
    return is_active(image) and may_use_product(image, actor)


def can_mount_on(server: Server, image: Image, actor: Actor, host: Host | None = None) -> Verdict:
    """The whole order. Hard only with the rows of both locked."""
    return can_mount_iso(server, actor, host) and can_mount(image, actor)
