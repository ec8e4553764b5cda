"""What cannot be read without a key: shown before it is disabled or deleted.

Another kind of use is another function in `uses_of`.
"""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from imsconsole.cloud.models import Key

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
    return [use for use in (_grants(key),) if use.total]


def _grants(key: Key) -> KeyUse:
    """What other projects encrypted with it is theirs to know; that they may use it is not."""
    projects = [(str(project), "") for project in key.grants.values_list("grantee", flat=True)[:SHOWN]]
    return KeyUse(_("Projects it is granted to"), key.grants.count(), projects)
