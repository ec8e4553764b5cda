"""Verifying an image."""

from images.models import Image
from images.verify.jobs import VerifyImage
from images.verify.rules import VERIFY_FACTS, can_verify
from imsconsole.accounts.actor import Actor
from imsconsole.accounts.log import service
from imsconsole.core.locks import locked
from imsconsole.jobs.start import start_job


@service("verifyImage")
def verify_image(image: Image, *, actor: Actor) -> Image:
    """Read the image's stored bytes again and compare them with their checksum, in a job. Raises Refused."""
    image = locked(Image.objects.with_facts(actor, *VERIFY_FACTS), image.pk)
    can_verify(image, actor).require()
    start_job(VerifyImage, image, actor=actor)
    return image
