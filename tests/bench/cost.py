"""What a piece of work costs: how long it keeps a core busy, and which rows PostgreSQL reads for it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from time import process_time_ns
from typing import Any

from django.db import connection
from django.db.backends.signals import connection_created

MOST_NAMED = 2
READ = """
    SELECT relname, seq_tup_read, COALESCE(by_index.rows, 0) FROM pg_stat_user_tables AS there
    LEFT JOIN (SELECT relid, SUM(idx_tup_read)::bigint AS rows FROM pg_stat_user_indexes GROUP BY relid) AS by_index USING (relid)
"""


@dataclass(frozen=True)
class Cost:
    """`scanned` and `looked_up` are numbers of rows by table: read from its beginning to its end, or found by an index."""

    ms: float
    scanned: dict[str, int] = field(default_factory=dict)
    looked_up: dict[str, int] = field(default_factory=dict)

    def __str__(self) -> str:
        return "; ".join(filter(None, (_said("scans", self.scanned), _said("looks up", self.looked_up))))


def _said(verb: str, rows: dict[str, int]) -> str:
    """The tables of which most is read."""
    most = sorted(rows.items(), key=lambda each: -each[1])[:MOST_NAMED]
    return f"{verb} " + ", ".join(f"{count:,} {table}" for table, count in most) if most else ""


def cost_of(function: Callable[[], object]) -> Cost:
    """Of one call. Not within a transaction: what is read there is not told before it ends."""
    before = _rows_read()
    ms = busy_ms(function)
    after = _rows_read()
    scanned, looked_up = (
        {table: count for table in after if (count := after[table][way] - before[table][way])}
        for way in (0, 1)
    )
    return Cost(ms, scanned, looked_up)


def busy_ms(function: Callable[[], object], times: int = 1) -> float:
    """Milliseconds that one call keeps a core busy, here and in the process of PostgreSQL that serves us."""
    here, backend, there = _busy_ns()
    for _ in range(times):
        function()
    here_after, backend_after, there_after = _busy_ns()
    there = there if backend_after == backend else 0  # of one that served us meanwhile nobody knows any more
    return (here_after - here + there_after - there) / times / 1e6


def alone() -> None:
    """From now on PostgreSQL does all by the one process whose time is told, whichever that is after a reconnection."""
    connection.close()
    connection_created.connect(_make_alone)


def _make_alone(connection: Any, **_signal: Any) -> None:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET max_parallel_workers_per_gather = 0")


def _busy_ns() -> tuple[int, int, int]:
    """Of this process; and which of PostgreSQL's serves us, and of that."""
    here = process_time_ns()
    if connection.vendor != "postgresql":
        return here, 0, 0
    backend = connection.cursor().connection.info.backend_pid
    return here, backend, int(Path(f"/proc/{backend}/schedstat").read_text().split()[0])


def _rows_read() -> dict[str, tuple[int, int]]:
    """By table, so far. SQLite does not count."""
    if connection.vendor != "postgresql":
        return {}
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush()")
        cursor.execute(READ)
        return {table: (scanned, looked_up) for table, scanned, looked_up in cursor.fetchall()}
