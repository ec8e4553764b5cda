"""How sharing ends with several projects at once: each by itself, and what came of it (R18, R86)."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from images.delete.services import delete_image, plan_deletion
from images.models import Image
from imsconsole.accounts.actor import Actor
from imsconsole.core.each import Outcome, do_each
from imsconsole.core.now import now
from sharing.ending.copies.services import give_copy
from sharing.ending.services import give_notice, stop_sharing
from sharing.models import Share

NOW, NOTICE, COPIES = "now", "notice", "copies"


def end_each(
    shares: Iterable[Share], how: str, *, ends_at: datetime | None = None, actor: Actor
) -> Outcome[Share, str]:
    """End shares; the results say how. Only those that have accepted get a day or a copy."""
    return do_each(shares, lambda share: _end(share, how, ends_at, actor))


def _end(share: Share, how: str, ends_at: datetime | None, actor: Actor) -> str:
    if how == NOTICE and ends_at and share.status == Share.Status.ACCEPTED:
        give_notice(share, ends_at=ends_at, actor=actor)
        return NOTICE
    if how == COPIES and share.status == Share.Status.ACCEPTED:
        give_copy(share, actor=actor)
        return COPIES
    stop_sharing(share, actor=actor)
    return NOW


def delete_shared(
    image: Image,
    shares: Sequence[Share],
    how: str,
    *,
    ends_at: datetime | None = None,
    deletes_backups: bool = False,
    actor: Actor,
) -> tuple[Image, Outcome[Share, str]]:
    """Delete the image at once, so that its receivers have it again with it; or end sharing, and have the clock delete
    it when nobody has it any more. Raises Refused: then nothing was done.
    """
    if how == NOW:
        image = delete_image(image, from_all=True, deletes_backups=deletes_backups, actor=actor)
        return image, Outcome([])
    at = ends_at if how == NOTICE and ends_at else now()
    image = plan_deletion(image, at=at, deletes_backups=deletes_backups, actor=actor)
    return image, end_each(shares, how, ends_at=ends_at, actor=actor)
