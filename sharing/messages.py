"""What owner and receiver of a shared image are told."""

from typing import Any

from imsconsole.accounts.actor import members_of
from imsconsole.accounts.models import Project, Role
from imsconsole.notifications.models import Message
from imsconsole.notifications.send import send
from imsconsole.notifications.values import moment
from sharing.models import Share

WRITERS = (Role.FULL_ACCESS, Role.ADMINISTRATOR)


def tell_receiver(code: str, share: Share, level: Message.Level = Message.Level.INFO) -> None:
    """A message to those of the receiving project who may answer."""
    _tell(code, share, share.project, level)


def tell_owner(code: str, share: Share, level: Message.Level = Message.Level.INFO) -> None:
    """A message to those of the owning project who may share."""
    _tell(code, share, share.owner, level)


def _tell(code: str, share: Share, project: Project, level: Message.Level) -> None:
    values: dict[str, Any] = {
        "image": share.image.name,
        "owner": str(share.owner.account),
        "receiver": str(share.project_id),
        "project": project.name,
    }
    if share.ends_at:
        values["until"] = moment(share.ends_at)
    send(
        code,
        to=members_of(project, *WRITERS),
        values=values,
        level=level,
        project=project,
        subject=("share", share.pk),
    )
