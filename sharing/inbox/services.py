"""The answers to an offer."""

from images.models import Image
from imsconsole.accounts.actor import Actor
from imsconsole.accounts.log import explain, service
from imsconsole.cloud.models import Vault
from imsconsole.core.locks import locked_all
from imsconsole.core.now import now
from imsconsole.core.sentences import translated
from imsconsole.notifications.models import Message
from sharing.inbox.rules import can_accept, can_reject, fits_vault
from sharing.locks import locked_share
from sharing.messages import tell_owner
from sharing.models import Share


@service("updateMember")
def accept_share(share: Share, *, vault: Vault | None = None, actor: Actor) -> Share:
    """Take an offered image into one's own list (R14), also after it was rejected (R57); a full-ECS image with
    a vault that has room for it, and holds it from then on (R55). Raises Refused, NotFound.
    """
    share = locked_share(share, actor)
    if vault:
        locked_all(Vault.objects.visible_to(actor).filter(pk=vault.pk))
    can_accept(share, actor).require()
    fits_vault(share, vault, actor).require()
    share.vault = vault if share.image.type == Image.Type.FULL else None
    tell_owner("share-accepted", _answer(share, Share.Status.ACCEPTED, actor), Message.Level.SUCCESS)
    return share


@service("updateMember")
def reject_share(share: Share, *, actor: Actor) -> Share:
    """Say no to an offer, or give an accepted image back (R103). Raises Refused, NotFound."""
    share = locked_share(share, actor)
    can_reject(share, actor).require()
    tell_owner("share-rejected", _answer(share, Share.Status.REJECTED, actor))
    return share


def _answer(share: Share, status: Share.Status, actor: Actor) -> Share:
    share.status, share.answered_by, share.answered_at = status, actor.user, now()
    share.save(update_fields=["status", "answered_by", "answered_at", "vault"])
    return explain(share, translated(status.label))
