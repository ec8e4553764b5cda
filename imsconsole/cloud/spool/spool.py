"""What can be asked of a spool."""

from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Protocol
from uuid import UUID

Report = Callable[[int, int], None]  # bytes done, bytes in all; may raise to end it
See = Callable[[bytes], object]


class Spool(Protocol):
    """Files that wait, one for each owner. `is_shared`: what one host puts there, every other one has."""

    is_shared: bool

    def has(self, owner: UUID) -> bool: ...

    def bring(self, owner: UUID, path: Path, report: Report) -> str:
        """Bring a finished file of this host there, as long as that takes; `keep` makes it the owner's.

        Raises NoSpace, Unavailable.
        """
        ...

    def keep(self, owner: UUID, brought: str) -> None:
        """In a transaction: what was brought is the owner's file, instead of what was."""
        ...

    def share(self, owner: UUID, other: UUID) -> None:
        """In a transaction: the other has the same bytes, which go with the last of them."""
        ...

    def take(self, owner: UUID, path: Path, report: Report, *, see: See | None = None) -> None:
        """The owner's file becomes one of this host. `see` is shown all bytes in their order, and may raise.

        Raises FileNotFoundError, NoSpace, Unavailable.
        """
        ...

    def open(self, owner: UUID, start: int = 0) -> BinaryIO:
        """Its bytes from there on. Raises FileNotFoundError, Unavailable."""
        ...

    def discard(self, owner: UUID) -> None:
        """Remove what is there of it, if anything; readers that have it open read on."""
        ...

    def names(self) -> list[str]:
        """All that lies there; an owner's file is called by its ID in hexadecimal digits."""
        ...

    def remove(self, name: str) -> None:
        """Remove what lies there under a name."""
        ...
