"""What cannot be read without a key: shown before it is disabled or deleted.

Another kind of use is another function in `uses_of`.
"""

from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from imsconsole.cloud.models import Backup, Key

SHOWN = 10


@dataclass(frozen=True)
class KeyUse:
    """One kind of use: how many there are, and the first few by name and page (empty when they have none)."""

    title: str | Promise
    total: int
    users: list[tuple[str, str]]

    @property
    def more(self) -> int:
        return self.total - len(self.users)


def uses_of(key: Key) -> list[KeyUse]:
    """Every kind of use that is made of a key."""
    return [use for use in (_images(key), _disks(key), _backups(key), _grants(key)) if use.total]


def _images(key: Key) -> KeyUse:
    """Images of the key's own project, those in the trash as well; of full-ECS images any of their disks counts."""
    mine = Q(key=key) | Q(disks__key=key)
    images = key.project.images.filter(mine).exclude(status="deleted").order_by("name", "pk").distinct()
    return KeyUse(_("Images"), images.count(), _named(images))


def _disks(key: Key) -> KeyUse:
    """Disks of the key's own project: what their servers could no longer start with."""
    disks = key.disks.existing().filter(project=key.project_id).order_by("name", "pk")
    return KeyUse(_("Disks"), disks.count(), _named(disks))


def _backups(key: Key) -> KeyUse:
    """Backups of the key's own project: what could no longer be restored."""
    backups = Backup.objects.existing().filter(project=key.project_id, disks__key=key)
    backups = backups.order_by("name", "pk").distinct()
    return KeyUse(_("Backups"), backups.count(), _named(backups))


def _named(things: QuerySet[Any]) -> list[tuple[str, str]]:
    return [(thing.name, thing.get_absolute_url()) for thing in things[:SHOWN]]


def _grants(key: Key) -> KeyUse:
    """What other projects encrypted with it is theirs to know; that they may use it is not."""
    projects = [(str(project), "") for project in key.grants.values_list("grantee", flat=True)[:SHOWN]]
    return KeyUse(_("Projects it is granted to"), key.grants.count(), projects)
