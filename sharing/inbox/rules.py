"""May an offer be accepted or rejected? (ims-facts §2.14)"""

from collections.abc import Sequence

from django.utils.translation import gettext_lazy as _

from images.models import Image
from imsconsole.accounts.actor import Actor
from imsconsole.accounts.rules import may_write
from imsconsole.cloud.models import Vault
from imsconsole.core.rules import ALLOWED, Verdict, refuse
from imsconsole.core.text import size
from sharing.models import Share
from sharing.rules import is_living
from sharing.share.rules import fits_limit


def can_accept(share: Share, actor: Actor) -> Verdict:
    """What is offered, and what was rejected before (R14, R57), while the image's limit has room (R44).

    Receiving is unlimited and costs no quota (R52). `share` comes from `with_facts`.
    """
    if not (verdict := may_write(actor) and _receives(share, actor)):
        return verdict
    if share.status == Share.Status.ACCEPTED:
        return refuse("accepted-already", _("Your project has accepted this image already."))
    return (
        _is_not_going(share.image)
        and fits_limit(share.image, share.accepted_count)
        and has_vault(share, actor)
    )


def vaults_for(share: Share, actor: Actor) -> list[Vault]:
    """The vaults of the project with room for all disks of a full-ECS image (R55)."""
    vaults = Vault.objects.visible_to(actor).existing().with_facts()
    return [vault for vault in vaults if vault.capacity_bytes - vault.used_bytes >= needed_bytes(share)]


def needed_bytes(share: Share) -> int:
    """What the disks of the image take."""
    return sum(share.image.disks.values_list("size_bytes", flat=True))


def has_vault(share: Share, actor: Actor) -> Verdict:
    """A full-ECS image is received only where a vault has room for it (R55)."""
    if share.image.type != Image.Type.FULL or vaults_for(share, actor):
        return ALLOWED
    return refuse(
        "full-ecs-vault",
        _(
            "A full-ECS image is received only with a vault that has room for all its disks (%(size)s), and no vault of "
            "this project has. Create or enlarge one."
        ),
        size=size(needed_bytes(share)),
    )


def fits_vault(share: Share, vault: Vault | None, actor: Actor) -> Verdict:
    """Whether this vault was chosen rightly: one for a full-ECS image, none for others (R55)."""
    if share.image.type != Image.Type.FULL or vault in vaults_for(share, actor):
        return ALLOWED
    return refuse(
        "vault-needed", _("Choose a vault with room for a full-ECS image: accept it on its own page.")
    )


def can_reject(share: Share, actor: Actor) -> Verdict:
    """What is offered, and what was accepted before; servers and disks made from it stay (R103)."""
    if not (verdict := may_write(actor) and _receives(share, actor)):
        return verdict
    if share.status == Share.Status.REJECTED:
        return refuse("rejected-already", _("Your project has rejected this image already."))
    return ALLOWED


def can_answer_all(shares: Sequence[Share], actor: Actor) -> Verdict:
    """Whether there is anything to be accepted at once."""
    return may_write(actor) and (
        ALLOWED if shares else refuse("nothing-pending", _("No offer waits for an answer."))
    )


def _is_not_going(image: Image) -> Verdict:
    if image.delete_at is None:
        return ALLOWED
    return refuse(
        "image-going", _("Its owner is about to delete the image, so it cannot be accepted any more.")
    )


def _receives(share: Share, actor: Actor) -> Verdict:
    if share.project_id != actor.project.pk:
        return refuse("not-receiver", _("The image is not offered to this project."))
    return is_living(share)
