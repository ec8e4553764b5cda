"""Give a receiver its own copy of a shared image."""

from images.copy.rows import free_names, taken_names
from images.copy.rules import COPY_FACTS
from images.copy.services import copy_image
from images.delete.services import delete_image
from images.models import Image
from imsconsole.accounts.actor import Actor, service_actor
from imsconsole.accounts.log import explain, service
from imsconsole.core.errors import NotFound
from imsconsole.core.locks import locked, locked_all
from imsconsole.jobs.quotas import lock_project
from sharing.ending.copies.jobs import GiveCopy
from sharing.ending.copies.rules import can_give_copy
from sharing.models import Share


@service("giveCopy")
def give_copy(share: Share, *, actor: Actor) -> Share:
    """Have a private copy made in the receiver's project, of its quota; when it is there, the share ends (R86).

    It has the image's name, with a number where the receiver uses that name. In the receiver's trail it is the
    service that copied. Raises Refused, NotFound.
    """
    seen = _share(share, actor)
    lock_project(seen.project)
    # what copying and deleting will hold
    locked_all(Image.objects.filter(pk__in=[seen.image_id, seen.copy_id]))
    images = Image.objects.owned_by(actor).with_facts(actor, *COPY_FACTS)
    image = locked(images.select_related("key"), seen.image_id)
    row = _share(share, actor)
    row.image, receiver = image, service_actor(row.project)
    can_give_copy(row, actor).require()
    if row.failed_copy:
        delete_image(row.failed_copy, actor=receiver)
    name = free_names([image.name], taken_names(row.project, [image.name]))[0]
    row.copy = copy_image(image, name=name, description=image.description, kind=GiveCopy, actor=receiver)
    row.save(update_fields=["copy"])
    return explain(row, f"→ {row.copy.pk}")


def _share(share: Share, actor: Actor) -> Share:
    shares = Share.objects.given_by(actor).select_related("project__account", "project__region", "copy")
    if (row := shares.filter(pk=share.pk).first()) is None:
        raise NotFound
    return row
