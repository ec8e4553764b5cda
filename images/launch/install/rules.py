"""May a temporary server be made from an ISO image, to install a system on? The image first, then the order."""

from django.utils.translation import gettext_lazy as _

from images.fields.rules import is_active
from images.launch.fit import fits, fits_system_disk
from images.launch.rules import Launch, fits_host, is_here
from images.models import Image
from images.product.rules import may_use_product
from imsconsole.accounts.actor import Actor
from imsconsole.accounts.rules import may_write
from imsconsole.cloud.hosts import Host, host_of, is_able
from imsconsole.core.rules import Verdict, refuse
from imsconsole.jobs.quotas import fits_quota


def can_install(image: Image, actor: Actor) -> Verdict:
    """ISO images in state Normal of the same region make temporary servers, and nothing else does (R7, R66)."""
    if not (verdict := may_write(actor)):
        return verdict
    if image.region_id != actor.region.pk:
        return refuse("other-region", _("The image is in another region. Change to its region."))
    if image.type != Image.Type.ISO:
        return refuse(
            "not-iso", _("Only a system on an ISO image has to be installed. Create a server instead.")
        )
    return is_active(image) and is_able("screen", actor.region) and may_use_product(image, actor)


def can_install_server(order: Launch, actor: Actor, host: Host | None = None) -> Verdict:
    """The whole order: image, fit, the one disk (R67), then quota and guest memory. One signs in on its screen.

    Hard only after `lock_project` and with the region's row locked.
    """
    host = host or host_of(actor.region)
    return (
        can_install(order.image, actor)
        and is_here(order, actor)
        and fits(order.image, order.flavor, host.capabilities)
        and fits_system_disk(order.image, order.system_disk_gb)
        and fits_quota(actor.project, order.quota)
        and fits_host(order, host)
    )
