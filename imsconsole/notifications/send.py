"""`send` and `send_each`: the way a message comes to be."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from imsconsole.accounts.models import Project, User
from imsconsole.core.mail import has_mail_server
from imsconsole.core.now import now
from imsconsole.notifications.models import Message

BATCH = 500


def send(
    code: str,
    *,
    to: Iterable[User],
    values: Mapping[str, Any] | None = None,
    level: Message.Level = Message.Level.INFO,
    project: Project | None = None,
    subject: tuple[str, UUID] | None = None,
    once: str = "",
) -> None:
    """Tell people something, in the caller's transaction: rolled back, nothing was said.

    `code` names a sentence of `core.sentences`, `values` (JSON) fill its places; those of `translated`, `explained` and `moment`
    are said in the reader's language. `to` are people, e.g. `members_of(project, *roles)`. `subject` is what it
    is about, as model name and ID: its page is opened from the message, in `project`. With `once`, a key such as
    "image-deprecated:<id>", nobody is told a second time as long as the first message is kept.
    """
    kind, subject_id = subject or ("", None)
    common = {"code": code, "level": level, "subject_kind": kind, "subject_id": subject_id, "once": once}
    Message.objects.bulk_create(
        (_message(user, project, values or {}, **common) for user in to),
        batch_size=BATCH,
        ignore_conflicts=bool(once),
    )


def send_each(
    code: str,
    *,
    to: Mapping[Project, Iterable[User]],
    values: Mapping[str, Any],
    level: Message.Level = Message.Level.INFO,
    subject: tuple[str, UUID],
) -> None:
    """The same to people of many projects, e.g. `members_of_each`; the value `project` is the name of theirs."""
    common = {"code": code, "level": level, "subject_kind": subject[0], "subject_id": subject[1]}
    Message.objects.bulk_create(
        (
            _message(user, project, {**values, "project": project.name}, **common)
            for project, users in to.items()
            for user in users
        ),
        batch_size=BATCH,
    )


def _message(user: User, project: Project | None, values: Mapping[str, Any], **fields: Any) -> Message:
    due_at = _mail_due_at(user)
    return Message(user=user, project=project, values=dict(values), mail_due_at=due_at, **fields)


def _mail_due_at(user: User) -> datetime | None:
    """Now, when the person wants e-mail and there is a way to send it."""
    return now() if user.mails_messages and user.email and has_mail_server() else None
