"""What goes wrong meanwhile, at random: processes die or stand still, the disk is full, the database goes away."""

import random
import signal
import sqlite3
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime

import psycopg

from tests.campaign.site import Site, send

WEB, WORKERS, CLOCK, SCREENS = ("ims-web",), ("ims-quick", "ims-bulk"), ("ims-clock",), ("ims-screens",)
CONVERTERS, GUESTS = ("qemu-img",), ("qemu-system",)
APART_S = (0.5, 6.0)


@dataclass(frozen=True)
class Window:
    """When something was wrong that a piece of work may have met."""

    fault: str
    since: datetime
    until: datetime


class Faults:
    """One after the other; each is over when the next begins. All choices come from the seed."""

    def __init__(self, site: Site, seed: str) -> None:
        self.site, self.rng = site, random.Random(f"{seed} faults")
        self.times: Counter[str] = Counter()
        self.windows: list[Window] = []
        self.errors: list[str] = []

    def all(self) -> list[tuple[int, str, Callable[[], bool]]]:
        """How often, what it is called, and what it does: true if it was done."""
        of_database = {
            "sqlite": [(3, "database locked", self.lock_database)],
            "postgres": [
                (4, "connections lost", self.lose_connections),
                (1, "database killed", self.restart_database),
            ],
        }[self.site.database]
        of_disk = [(3, "disk full", self.fill_disk)] if self.site.is_mounted else []
        return [
            (4, "web killed", lambda: self.kill(WEB)),
            (8, "worker killed", lambda: self.kill(WORKERS)),
            (2, "clock killed", lambda: self.kill(CLOCK)),
            (1, "bridge killed", lambda: self.kill(SCREENS)),
            (4, "converter killed", lambda: self.kill(CONVERTERS, patience_s=4)),
            (2, "guest killed", lambda: self.kill(GUESTS)),
            (2, "web stopped", lambda: self.stop(WEB, 8)),
            (5, "worker stopped", lambda: self.stop(WORKERS, 14)),
            (2, "clock stopped", lambda: self.stop(CLOCK, 14)),
            (2, "converter stopped", lambda: self.stop(CONVERTERS, 9, patience_s=4)),
            (1, "guest stopped", lambda: self.stop(GUESTS, 4)),
            (1, "supervisor stopped", self.stop_supervisor),
            (1, "service killed", lambda: self.crash(guests=False)),
            (1, "host crashed", lambda: self.crash(guests=True)),
            *of_database,
            *of_disk,
        ]

    def go_on_until(self, end: float) -> None:
        """`end` is of `time.monotonic`."""
        chances = self.all()
        while (left := end - time.monotonic()) > 0:
            time.sleep(min(left, self.rng.uniform(*APART_S)))
            _, name, fault = self.rng.choices(chances, [chance for chance, _, _ in chances])[0]
            since = datetime.now(UTC)
            try:
                if fault():
                    self.times[name] += 1
                    self.windows.append(Window(name, since, datetime.now(UTC)))
            except Exception as error:  # noqa: BLE001 - said in the end
                self.errors.append(f"{name}: {error!r}"[:300])

    def one_of(self, names: tuple[str, ...], patience_s: float = 0) -> int | None:
        """One of the processes called so; some are there for moments only and are waited for."""
        deadline = time.monotonic() + patience_s
        while not (found := self.site.called(*names)) and time.monotonic() < deadline:
            time.sleep(0.02)
        return self.rng.choice(found) if found else None

    def kill(self, names: tuple[str, ...], patience_s: float = 0) -> bool:
        pid = self.one_of(names, patience_s)
        return pid is not None and send(pid, signal.SIGKILL)

    def stop(self, names: tuple[str, ...], most_s: float, patience_s: float = 0) -> bool:
        """SIGSTOP, for a worker often longer than its lease; then it goes on."""
        pid = self.one_of(names, patience_s)
        return pid is not None and self._stop(pid, most_s)

    def stop_supervisor(self) -> bool:
        process = self.site.process
        return process is not None and self._stop(process.pid, 8)

    def _stop(self, pid: int, most_s: float) -> bool:
        stopped = send(pid, signal.SIGSTOP)
        try:
            time.sleep(self.rng.uniform(0.5, most_s))
        finally:
            send(pid, signal.SIGCONT)
        return stopped

    def crash(self, *, guests: bool) -> bool:
        """All processes die, and somebody starts the service again."""
        self.site.crash(guests=guests)
        self.site.serve()
        return True

    def fill_disk(self) -> bool:
        """No byte of the data folder's file system is left for some seconds, the database's neither."""
        end = time.monotonic() + self.rng.uniform(3, 12)
        try:
            while time.monotonic() < end:
                self.site.fill()
                time.sleep(0.3)
        finally:
            self.site.free()
        return True

    def lock_database(self) -> bool:
        """Another process writes for long: now and then for longer than anybody waits."""
        seconds = self.rng.choice((2, 4, 8, 24))
        with closing(sqlite3.connect(self.site.data / "database" / "ims.sqlite3", timeout=30)) as database:
            database.isolation_level = None
            database.execute("BEGIN IMMEDIATE")
            time.sleep(seconds)
            database.execute("ROLLBACK")
        return True

    def lose_connections(self) -> bool:
        """One of them, or all."""
        with psycopg.connect(self.site.environment["IMS_DATABASE_URL"], autocommit=True) as database:
            rows = database.execute(
                "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() ORDER BY pid"
            ).fetchall()
            pids = [pid for (pid,) in rows]
            chosen = pids if self.rng.random() < 0.3 else self.rng.sample(pids, min(1, len(pids)))
            for pid in chosen:
                database.execute("SELECT pg_terminate_backend(%s)", [pid])
        return bool(chosen)

    def restart_database(self) -> bool:
        self.site.restart_database()
        return True

    def end(self) -> None:
        """Nothing is wrong any more."""
        self.site.free()
        for pid in self.site.processes():
            send(pid, signal.SIGCONT)
        if self.site.process is None or self.site.process.poll() is not None:
            self.errors.append("the supervisor has ended by itself")
            self.site.crash(guests=False)
            self.site.serve()
