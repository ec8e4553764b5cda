"""What owner and receiver of a shared image are told."""

from typing import Any
from uuid import UUID

from imsconsole.accounts.actor import members_of
from imsconsole.accounts.models import Project, Role
from imsconsole.notifications.models import Message
from imsconsole.notifications.send import send
from sharing.models import Share

WRITERS = (Role.FULL_ACCESS, Role.ADMINISTRATOR)


def tell_receiver(code: str, share: Share, level: Message.Level = Message.Level.INFO, **values: Any) -> None:
    """A message to those of the receiving project who may answer."""
    _tell(code, share, share.project, level, **values)


def tell_owner(code: str, share: Share, level: Message.Level = Message.Level.INFO, **values: Any) -> None:
    """A message to those of the owning project who may share."""
    _tell(code, share, share.owner, level, **values)


def tell_copied(share: Share) -> None:
    """Both sides, once the receiver has its own copy; load `copy` with it."""
    assert share.copy is not None  # noqa: S101 - it was just made
    copy = {"copy": share.copy.name}
    _tell("copy-given", share, share.project, Message.Level.SUCCESS, ("image", share.copy.pk), **copy)
    _tell("copy-given-to", share, share.owner, Message.Level.SUCCESS)


def _tell(
    code: str,
    share: Share,
    project: Project,
    level: Message.Level,
    subject: tuple[str, UUID] | None = None,
    **more: Any,
) -> None:
    values = {
        **more,
        "image": share.image.name,
        "owner": str(share.owner.account),
        "receiver": str(share.project_id),
        "project": project.name,
    }
    send(
        code,
        to=members_of(project, *WRITERS),
        values=values,
        level=level,
        project=project,
        subject=subject or ("share", share.pk),
    )
