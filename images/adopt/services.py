"""What operators do with public images of clouds. `actor` is that of `images.public.platform`."""

from images.adopt.rows import found_of, image_of
from images.adopt.rules import can_adopt
from images.adopt.tasks import look_for_public_images
from images.models import CloudImage, Image
from images.models.disks import put_disks
from imsconsole.accounts.actor import Actor
from imsconsole.accounts.log import service
from imsconsole.accounts.models import OPENSTACK, Region
from imsconsole.accounts.rules import may_operate
from imsconsole.cloud.models import StoredBytes
from imsconsole.core.ids import new_id
from imsconsole.core.locks import locked


@service("adoptImage")
def adopt_image(found: CloudImage, *, actor: Actor) -> Image:
    """Offer an image of a cloud in the public catalogue of its region: its bytes stay where they are. Raises Refused, NotFound."""
    region = locked(Region.objects.all(), found.region_id)
    found = CloudImage.objects.select_related("image", "region").get(pk=found.pk)
    can_adopt(found, actor).require()
    image = image_of(found, user=actor.user)
    image.save(force_insert=True)
    earlier = StoredBytes.objects.filter(region=region, ref=found.stored["ref"]).first()
    bytes_of = {"stored_id": str(earlier.pk)} if earlier else found.stored
    put_disks(image, [{"id": str(new_id()), "role": "system", **found_of(found), **bytes_of}])
    found.image = image
    found.save(update_fields=["image"])
    return image


@service("lookForPublicImages")
def look_for_images(*, actor: Actor) -> list[Region]:
    """Have workers look now at what the clouds of all regions offer; the clock does so each quarter of an hour."""
    may_operate(actor).require()
    regions = list(Region.objects.filter(engine=OPENSTACK))
    for region in regions:
        look_for_public_images.enqueue(region.code)
    return regions
