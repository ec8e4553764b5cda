"""Keys are deleted when their time has come, and people are told before."""

import logging
from datetime import timedelta

from imsconsole.accounts.actor import members_of, service_actor
from imsconsole.accounts.models import Role
from imsconsole.cloud.keys.services import delete_due_key
from imsconsole.cloud.models import Key
from imsconsole.core.errors import NotFound
from imsconsole.core.now import now
from imsconsole.core.periodic import Periodic
from imsconsole.core.sentences import moment
from imsconsole.notifications.models import Message
from imsconsole.notifications.send import send

logger = logging.getLogger(__name__)
WARNED_BEFORE = timedelta(days=3)


def warn_of_key_deletions() -> None:
    """Tell those who could still cancel the deletion of a key; once for each time it was scheduled."""
    keys = Key.objects.filter(state=Key.State.PENDING, delete_at__lte=now() + WARNED_BEFORE)
    for key in keys.select_related("project"):
        if key.delete_at:
            send(
                "key-deletion-soon",
                to=members_of(key.project, Role.FULL_ACCESS, Role.ADMINISTRATOR),
                values={"name": key.name, "at": moment(key.delete_at)},
                level=Message.Level.WARNING,
                project=key.project,
                subject=("key", key.pk),
                once=f"key-deletion-soon:{key.pk}:{key.delete_at:%Y-%m-%dT%H:%M}",
            )


def delete_due_keys() -> None:
    """Destroy what is due. One whose deletion is cancelled at that moment stays."""
    keys = Key.objects.filter(state=Key.State.PENDING, delete_at__lte=now())
    for key in keys.select_related("project__region", "project__account"):
        try:
            delete_due_key(key, actor=service_actor(key.project))
        except NotFound:
            logger.info("Key %s was due but is kept: its deletion was cancelled meanwhile", key.pk)


PERIODIC = (
    Periodic("cloud.warn_of_key_deletions", timedelta(hours=1), warn_of_key_deletions),
    Periodic("cloud.delete_due_keys", timedelta(minutes=10), delete_due_keys),
)
