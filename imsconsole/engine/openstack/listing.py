"""What there is of ours in a cloud, across all rooms; and what is somebody else's."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol
from uuid import UUID

from imsconsole.engine.types import Foreign, Inventory, Kind, Mark, Work


class Things(Protocol):
    """What each room that makes things tells of them: images.py, volumes.py, machines.py."""

    kind: Kind

    def all(self) -> Mapping[str, Mark]:
        """References of all that is ours and whole, with their marks."""
        ...

    def found(self, id: UUID) -> tuple[str, ...]:
        """References under one of our IDs, the one to go on with first."""
        ...

    def discard(self, ids: frozenset[UUID], token: str, *, work: Work, server: UUID | None) -> None:
        """Remove what work whose token begins with `token` has left of these IDs, whole or not; see `Engine.discard`."""
        ...

    def sweep(self, token: str, *, keep_captures: bool) -> None:
        """Remove what such work needed only while it ran."""
        ...

    def scraps(self) -> frozenset[str]:
        """The tokens of what work needed only while it ran, and is still there."""
        ...

    def running(self) -> frozenset[str]:
        """Those that run, by reference: of servers."""
        ...

    def foreign(self) -> Iterable[Foreign]:
        """What lies in our project and is not ours."""
        ...


class Listing:
    def __init__(self, rooms: Sequence[Things]) -> None:
        self._rooms = rooms

    def inventory(self) -> Inventory:
        there = [(room.kind, room.all()) for room in self._rooms]
        by_kind = {
            kind: frozenset(ref for each, marks in there if each is kind for ref in marks) for kind in Kind
        }
        return Inventory(
            stored=by_kind[Kind.STORED],
            disks=by_kind[Kind.DISK],
            servers=by_kind[Kind.SERVER],
            scraps=frozenset().union(*(room.scraps() for room in self._rooms)),
            running=frozenset().union(*(room.running() for room in self._rooms)),
            marks={ref: mark for _kind, marks in there for ref, mark in marks.items()},
        )

    def find(self, kind: Kind, id: UUID) -> tuple[str, ...]:
        return tuple(ref for room in self._rooms if room.kind is kind for ref in room.found(id))

    def sweep(self, token: str, *, keep_captures: bool) -> None:
        for room in self._rooms:
            room.sweep(token, keep_captures=keep_captures)

    def discard(self, ids: Iterable[UUID], token: str, *, work: Work, server: UUID | None) -> None:
        """Servers first (`_rooms` ends with them): what they have can go afterwards."""
        self.sweep(token, keep_captures=False)
        meant = frozenset(ids)
        for room in reversed(self._rooms):
            room.discard(meant, token, work=work, server=server)

    def foreign(self) -> tuple[Foreign, ...]:
        return tuple(each for room in self._rooms for each in room.foreign())
