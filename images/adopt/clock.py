"""What the clock does about public images of clouds."""

from datetime import timedelta

from images.adopt.tasks import look_for_public_images
from imsconsole.accounts.models import OPENSTACK, Region
from imsconsole.cloud.hosts import answering
from imsconsole.core.periodic import Periodic


def look_at_clouds() -> None:
    """Workers look, as a cloud takes its time."""
    for code in answering(Region.objects.filter(engine=OPENSTACK).values_list("pk", flat=True)):
        look_for_public_images.enqueue(code)


PERIODIC = (Periodic("images.look_at_clouds", timedelta(minutes=15), look_at_clouds),)
