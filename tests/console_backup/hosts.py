"""Another host: a data folder and a database of its own, whose commands run in processes of their own."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from django.conf import settings

from imsconsole.console_backup.snapshot import one_instant, write_rows
from imsconsole.console_backup.where import place_at

# what a restore says of itself, or what differs with the moment
CHANGED = {
    "jobs.Job",
    "audit.Event",
    "notifications.Message",
    "cloud.RegionReport",
    "cloud.Usage",
    "jobs.Reservation",
}
ROWS = """
import sys
from imsconsole.console_backup.snapshot import one_instant, write_rows
with one_instant():
    write_rows(sys.stdout)
"""


@dataclass(frozen=True)
class Host:
    data: Path
    url: str

    def run(self, *arguments: str, **more: str) -> "subprocess.CompletedProcess[str]":
        environment = {**os.environ, "IMS_DATA_DIR": str(self.data), "IMS_DATABASE_URL": self.url, **more}
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=settings.BASE_DIR, env=environment, text=True, capture_output=True, check=False,
        )  # fmt: skip

    def does(self, *arguments: str, **more: str) -> str:
        done = self.run(*arguments, **more)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def python(self, program: str) -> str:
        return self.does("shell", "-v", "0", "-c", program)

    def rows(self) -> dict[str, list[Any]]:
        return by_table(self.python(ROWS))

    def path(self, region: str, name: str) -> Path:
        return self.data / "regions" / region / name


@contextmanager
def empty_host(url: str = "") -> Iterator[Host]:
    """On SQLite, or on the database at an address."""
    with tempfile.TemporaryDirectory(prefix="ims-host-", dir=os.environ["IMS_TEST_DIR"]) as name:
        data = Path(name)
        data.chmod(0o755)
        (data / "database").mkdir(mode=0o700)
        yield Host(data, url or f"sqlite:///{data / 'database' / 'ims.sqlite3'}")


def rows_here() -> dict[str, list[Any]]:
    out = StringIO()
    with one_instant():
        write_rows(out)
    return by_table(out.getvalue())


def by_table(text: str) -> dict[str, list[Any]]:
    """Rows by table; what is not to be compared is left out."""
    found: dict[str, list[Any]] = {}
    table = ""
    for line in filter(None, text.split("\n")):
        read = json.loads(line)
        if isinstance(read, dict):
            table = read["table"]
            found[table] = [read["columns"]]
        else:
            found[table].append(read)
    return {name: rows for name, rows in found.items() if name not in CHANGED}


def tables_that_differ(one: dict[str, list[Any]], other: dict[str, list[Any]]) -> set[str]:
    return {name for name in one.keys() | other.keys() if one.get(name) != other.get(name)}


def newest(folder: Path) -> Path:
    return folder / "backups" / place_at(str(folder)).backups()[-1]
