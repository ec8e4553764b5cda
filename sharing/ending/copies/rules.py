"""May the owner of an image give those who have it copies of their own? (R86, §2.15)"""

from django.utils.translation import gettext_lazy as _

from images.copy.rules import Copy, can_copy
from images.models import Image
from imsconsole.accounts.actor import Actor, service_actor
from imsconsole.accounts.models import Project
from imsconsole.core.rules import ALLOWED, Verdict, refuse
from imsconsole.jobs.quotas import fits_quota
from sharing.ending.rules import can_give_notice
from sharing.models import Share


def can_give_copies(image: Image, actor: Actor) -> Verdict:
    """As its owner copies it (R66, R80, R109), and not encrypted: with which key a copy is, only who gets it says (§2.15).

    The owner's key would tie the copy to a grant (R48), and a key of the receiver is not the owner's to use
    (R47). `image` comes with `COPY_FACTS`.
    """
    if not (verdict := can_copy(image, actor)):
        return verdict
    if image.key_id is None:
        return ALLOWED
    return refuse(
        "encrypted-copies",
        _(
            "The image is encrypted, and only those who have it can choose a key of theirs for a copy. Name a day, so "
            "that they can copy it themselves."
        ),
    )


def can_give_copy(share: Share, actor: Actor) -> Verdict:
    """To a project that has accepted the image, which has room for it, once.

    Load `copy` with it; its image comes with `COPY_FACTS`. Hard only while the receiver's project is locked.
    """
    return (
        can_give_notice(share, actor)
        and can_give_copies(share.image, actor)
        and _is_not_under_way(share)
        and _has_room(share.image, share.project)
    )


def _is_not_under_way(share: Share) -> Verdict:
    if not share.is_copying:
        return ALLOWED
    return refuse("copy-under-way", _("A copy for this project is being made already."))


def _has_room(image: Image, project: Project) -> Verdict:
    """How full the quotas of another project are is not told."""
    if fits_quota(project, Copy(image, image.name).quota(service_actor(project))):
        return ALLOWED
    return refuse(
        "no-room-there",
        _(
            "The project has no room for a copy in its quotas. Ask its members to make room, or name a day, so that they "
            "have time for it."
        ),
    )
