"""Offer an image, answer an offer, take it back. Whoever writes a share locks its image's row."""

from images.models import Image
from images.product.rules import SHARE_FACTS
from imsconsole.accounts.actor import Actor
from imsconsole.accounts.log import explain, service
from imsconsole.accounts.models import Project
from imsconsole.cloud.keys.services import grant_key
from imsconsole.cloud.models import Key
from imsconsole.core.contention import one_wins
from imsconsole.core.errors import NotFound
from imsconsole.core.locks import locked, locked_all
from sharing.messages import tell_receiver
from sharing.models import Recipient, Share
from sharing.share.rules import can_forget_recipient, can_share_with, keys_to_grant, members_of_image


@service("addMember")
def share_image(
    image: Image, *, project: Project | None, grants_key: bool = False, note: str = "", actor: Actor
) -> Share:
    """Offer an image to a project, which goes into the address book; `note` is for its members; `grants_key`: together with the keys of its disks, as far as needed (R46, R47).

    `project` is None when there is none with the ID that was typed. Raises Refused, NotFound.
    """
    images = Image.objects.visible_to(actor).with_facts(actor, *SHARE_FACTS)
    image = locked(images.select_related("key"), image.pk)
    members = members_of_image(image)
    can_share_with(image, project, actor, grants_key=grants_key, members=members).require()
    assert project is not None  # noqa: S101  or it was refused
    keys = keys_to_grant(image, project, members)
    locked_all(Key.objects.filter(pk__in=[key.pk for key in keys]))
    for key in keys:
        grant_key(key, grantee=project, actor=actor)
    with one_wins(lambda: can_share_with(image, project, actor, grants_key=grants_key)):
        share = Share.objects.create(
            image=image, owner=actor.project, project=project, note=note, created_by=actor.user
        )
    Recipient.objects.bulk_create(
        [Recipient(owner=actor.project, project=project)],
        update_conflicts=True,
        unique_fields=["owner", "project"],
        update_fields=["used_at"],
    )
    if note:
        tell_receiver("image-shared-with-note", share, note=note)
    else:
        tell_receiver("image-shared", share)
    named = Share.objects.with_names(actor).get(pk=share.pk).receiver_name
    return explain(share, "; ".join(filter(None, (named, note))))


@service("removeRecipient")
def forget_recipient(recipient: Recipient, *, actor: Actor) -> Project:
    """Take a project out of the address book; what is shared with it stays. Raises Refused, NotFound."""
    can_forget_recipient(recipient, actor).require()
    if not Recipient.objects.visible_to(actor).filter(pk=recipient.pk).delete()[0]:
        raise NotFound
    return explain(actor.project, str(recipient.project_id))
