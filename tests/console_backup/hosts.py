"""Another host: a data folder and a database of its own, whose commands run in processes of their own."""

import gzip
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, cached_property
from io import StringIO
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection

from imsconsole.console_backup.manifest import sha256_of
from imsconsole.console_backup.places import MANIFEST
from imsconsole.console_backup.snapshot import one_instant, write_rows
from imsconsole.console_backup.where import place_at
from tests.conftest import CACHE
from tests.support.database import kept_database

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


# for each host that begins a process of its own, which gives the commands that come, a line each, as `manage.py` would
COMMANDS = """
import contextlib, importlib, io, json, os, sys
import django
django.setup()
from django.core.management import execute_from_command_line
from imsconsole.console_backup.management.commands import restore
from imsconsole import settings
from imsconsole.core.collecting import collect_seldom
collect_seldom()
for _begin in sys.stdin:
    if child := os.fork():
        os.waitpid(child, 0)
        print("ended", flush=True)
        continue
    importlib.reload(settings)  # it makes folders
    print("begins", flush=True)
    while words := json.loads(sys.stdin.readline() or "[]"):
        out, err, code = io.StringIO(), io.StringIO(), 0
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                execute_from_command_line(["manage.py", *words])
            except SystemExit as ended:
                code = ended.code
        print(json.dumps([code, out.getvalue(), err.getvalue()]), flush=True)
    break
"""


class Shell:
    """What gives the commands of hosts, one host at a time: to start Python and Django takes a second."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", COMMANDS],
            cwd=settings.BASE_DIR, env={**environment, "DJANGO_SETTINGS_MODULE": "imsconsole.settings"},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1,
        )  # fmt: skip
        self.is_begun = False

    def gives(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        if not self.is_begun:
            assert self._answer_to("begin") == "begins\n"
            self.is_begun = True
        ended = self._answer_to(json.dumps(arguments))
        self.is_begun = ended.startswith("[")
        assert self.is_begun, "it met an error that is no refusal"
        return subprocess.CompletedProcess(arguments, *json.loads(ended))

    def leave(self) -> None:
        """The host is gone."""
        if self.is_begun:
            assert self._answer_to("[]") == "ended\n"
            self.is_begun = False

    def end(self) -> None:
        self._process.communicate(timeout=60)

    def _answer_to(self, line: str) -> str:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(f"{line}\n")
        return self._process.stdout.readline()


@dataclass
class Host:
    data: Path
    url: str

    @cached_property
    def shell(self) -> Shell:
        return Shell(self.environment)

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "IMS_DATA_DIR": str(self.data), "IMS_DATABASE_URL": self.url}

    def run(self, *arguments: str, **more: str) -> "subprocess.CompletedProcess[str]":
        """A command in a process of its own, with more in its environment."""
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=settings.BASE_DIR, env={**self.environment, **more}, text=True, capture_output=True, check=False,
        )  # fmt: skip

    def gives(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """A command in the host's one process."""
        return self.shell.gives(*arguments)

    def does(self, *arguments: str) -> str:
        done = self.gives(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def python(self, program: str) -> str:
        return self.does("shell", "-v", "0", "-c", program)

    def rows(self) -> dict[str, list[Any]]:
        return by_table(self.python(ROWS))

    def path(self, region: str, name: str) -> Path:
        return self.data / "regions" / region / name

    def leave(self) -> None:
        """All that is there goes."""
        if "shell" in vars(self):
            self.shell.leave()
        shutil.rmtree(self.data)

    def end(self) -> None:
        if "shell" in vars(self):
            self.shell.end()


@cache
def host_here() -> Host:
    """The one of this test process on SQLite, begun anew again and again."""
    data = Path(f"{os.environ['IMS_DATA_DIR']}-host")
    return Host(data, f"sqlite:///{data / 'database' / 'ims.sqlite3'}")


@contextmanager
def bare_host(url: str = "") -> Iterator[Host]:
    """Without tables: on SQLite, or on the database at an address."""
    host = Host(Path(f"{os.environ['IMS_DATA_DIR']}-other"), url) if url else host_here()
    host.data.mkdir(mode=0o755)
    (host.data / "database").mkdir(mode=0o700)
    try:
        yield host
    finally:
        host.leave()
        if url:
            host.end()


@contextmanager
def empty_host() -> Iterator[Host]:
    """As `migrate` leaves one."""
    with bare_host() as host:
        if connection.vendor == "sqlite":
            shutil.copyfile(kept_database(CACHE), host.data / "database" / "ims.sqlite3")
        else:
            host.does("migrate", "-v", "0")
        yield host


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


def refusal(host: Host, place: Path, *options: str, **more: str) -> str:
    """What a restore is refused with."""
    asked = ("restore", str(place), *options)
    done = host.run(*asked, **more) if more else host.gives(*asked)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    return done.stderr


def rewrite(backup: Path, part: str, change: Callable[[list[Any]], list[Any]]) -> None:
    """The lines of a part written anew by somebody who has the manifest say so."""
    path, manifest = backup / part, backup / MANIFEST
    with gzip.open(path, "rt") as there:
        lines = [json.loads(line) for line in there]
    with gzip.open(path, "wt") as out:
        out.writelines(json.dumps(line) + "\n" for line in change(lines))
    told = json.loads(manifest.read_text())
    with path.open("rb") as stream:
        told["sha256"][part] = sha256_of(stream)
    manifest.write_text(json.dumps(told))


def newest(folder: Path) -> Path:
    return folder / "backups" / place_at(str(folder)).backups()[-1]
