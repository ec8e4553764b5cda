"""The databases that pages are measured on, filled as large as one asks for; kept in a folder, or gone at the end."""

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.bench.figures import Figure

KINDS = ("sqlite", "postgres")


@dataclass(frozen=True)
class Database:
    kind: str
    rows: int
    environment: dict[str, str]  # in which a process of the console works on it

    def figures(self, table: str, size: str) -> list[Figure]:
        return [Figure(**each) for each in json.loads(self.run(table, size))]

    def run(self, *task: str) -> str:
        """What `tests.bench.within` says of it."""
        command = [sys.executable, "-m", "tests.bench.within", *task]
        environment = {**os.environ, **self.environment}
        return subprocess.run(command, check=True, env=environment, stdout=subprocess.PIPE, text=True).stdout


@contextmanager
def filled(kind: str, rows: int, folder: Path) -> Iterator[Database]:
    """Of that kind, migrated, with so many images; made if the folder has none."""
    data = folder / f"{kind}-{rows}"
    data.mkdir(parents=True, exist_ok=True)
    environment = {
        "IMS_DATA_DIR": str(data),
        "IMS_LOG_LEVEL": "ERROR",
        "IMS_ALLOWED_HOSTS": "localhost,testserver",
    }
    if kind == "sqlite":
        database = Database(kind, rows, environment)
        database.run("fill", str(rows))
        yield database
        return
    with cluster(folder / "postgres") as port:
        url = f"postgres://postgres@127.0.0.1:{port}/ims_{rows}"
        database = Database(kind, rows, {**environment, "IMS_DATABASE_URL": url})
        create = [
            "psql",
            "-q",
            "-h",
            "127.0.0.1",
            "-p",
            str(port),
            "-U",
            "postgres",
            "-c",
            f"CREATE DATABASE ims_{rows}",
        ]
        subprocess.run(create, check=False, stderr=subprocess.DEVNULL)  # it may be there
        database.run("fill", str(rows))
        yield database


@contextmanager
def cluster(folder: Path) -> Iterator[int]:
    """A PostgreSQL of its own that runs as Debian ships it, but not as root; gives its port."""
    if not folder.exists():
        folder.mkdir()
        if _as_owner():
            shutil.chown(folder, "postgres")
        subprocess.run(
            [*_as_owner(), _programs() / "initdb", "-D", folder, "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8"],
            check=True, stdout=subprocess.DEVNULL, cwd="/",
        )  # fmt: skip
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = f"-p {port} -c unix_socket_directories= -c listen_addresses=127.0.0.1"
    pg_ctl(folder, "-l", folder / "log", "-o", options, "start")
    try:
        yield port
    finally:
        pg_ctl(folder, "-m", "fast", "stop")


def pg_ctl(folder: Path, *words: str | Path) -> None:
    """Tell the cluster in that folder something, and wait until it is so."""
    subprocess.run(
        [*_as_owner(), _programs() / "pg_ctl", "-D", folder, "-w", "-s", *words], check=True, cwd="/"
    )


def _programs() -> Path:
    return max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))


def _as_owner() -> list[str]:
    return ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
