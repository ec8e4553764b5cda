"""Very many names with a word each, in a file that is gone with its owner: memory stays as it is."""

import sqlite3
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

AT_ONCE = 10_000
T = TypeVar("T")


class Listed:
    """A private database of SQLite's, which keeps what is too much for memory in a file without a name."""

    def __init__(self, pairs: Iterable[tuple[str, str]] = ()) -> None:
        self._rows = sqlite3.connect("", isolation_level=None)
        self._rows.execute("CREATE TABLE listed (name TEXT PRIMARY KEY, word TEXT) WITHOUT ROWID")
        self.add(pairs)

    def add(self, pairs: Iterable[tuple[str, str]]) -> None:
        for some in in_portions(pairs, AT_ONCE):
            self._rows.execute("BEGIN")
            self._rows.executemany("INSERT OR REPLACE INTO listed VALUES (?, ?)", some)
            self._rows.execute("COMMIT")

    def get(self, name: str) -> str | None:
        found = self._rows.execute("SELECT word FROM listed WHERE name = ?", (name,)).fetchone()
        return str(found[0]) if found else None

    def __contains__(self, name: str) -> bool:
        return self.get(name) is not None

    def __len__(self) -> int:
        return int(self._rows.execute("SELECT COUNT(*) FROM listed").fetchone()[0])

    def beginning(self, prefix: str = "") -> Iterator[tuple[str, str]]:
        """Those whose name begins so, in their order."""
        return iter(
            self._rows.execute(
                "SELECT name, word FROM listed WHERE name >= ? AND name < ? ORDER BY name",
                (prefix, prefix + chr(0x10FFFF)),
            )
        )


def in_portions(things: Iterable[T], size: int) -> Iterator[list[T]]:
    several = iter(things)
    while some := list(islice(several, size)):
        yield some
