"""A whole console of 0.1.0 is carried over: its database and what it stored.

`console_0_1_0.tar.xz` is the data folder of one that ran commit 0a19464, made by its own services: images of several kinds, one
encrypted, one in the trash, one on the market, one shared; a backup; an object in a bucket; servers, one with another system, whose
guests ended with their host. A copy, a stop and a deletion were waiting. It is never made anew.
"""

import os
import sqlite3
import subprocess
import sys
import tarfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from tests.migrations.databases import HERE
from tests.support.console import Console, wait_for
from tests.support.workers import worker_environment

MIB = 1024**2
SAID = "I AM plain\n"
pytestmark = [
    pytest.mark.guest,
    pytest.mark.slow(reason="a console is unpacked, migrated, served, and its servers boot"),
]
STORED = """
from imsconsole.cloud.engines import engine_for
from imsconsole.cloud.models import StoredBytes
from tests.engine.guests import TestWork
for stored in StoredBytes.objects.exclude(checksum=""):
    assert engine_for(stored.region_id).verify(stored.ref, stored.checksum, work=TestWork()), stored
print(StoredBytes.objects.count())
"""
CONTENTS = """
from images.models import ImageDisk
from imsconsole.cloud.engines import engine_for
for disk in ImageDisk.objects.filter(image__key=None, image__name__in=("plain", "other", "sold", "data", "gone", "linked", "captured")):
    print(disk.image.name, engine_for(disk.image.region_id)._store.stored(disk.stored.ref))
"""
REFUSED = """
from django.core.management import CommandError, call_command
try:
    call_command("{command}")
except CommandError as refusal:
    print(refusal)
"""
WORKER = """
import os
from pathlib import Path
import django
from django.core.management import call_command
os.environ["DJANGO_SETTINGS_MODULE"] = "imsconsole.settings"
django.setup()
from tests.support.hurried import hurry
hurry(Path(os.environ["IMS_TEST_DIR"]))
call_command("run_worker")
"""
START = """
from imsconsole.accounts.actor import service_actor
from imsconsole.cloud.models import Server
from imsconsole.cloud.servers.services import start_server
for server in Server.objects.filter(name__in=("web", "vaulted")):
    start_server(server, actor=service_actor(server.project))
"""


@dataclass
class Kept:
    """The console, unpacked in a data folder of its own."""

    data: Path

    @property
    def database(self) -> Path:
        return self.data / "database" / "ims.sqlite3"

    @property
    def environment(self) -> dict[str, str]:
        own = {
            "IMS_DATA_DIR": str(self.data), "IMS_DATABASE_URL": f"sqlite:///{self.database}", "IMS_DEMO": "0",
            "IMS_STOP_TIMEOUT_S": "0.2", "IMS_QUICK_WORKERS": "1", "IMS_BULK_WORKERS": "1", "IMS_JOB_LEASE_S": "5", "IMS_LOG_LEVEL": "WARNING",
        }  # fmt: skip
        return {**worker_environment(), **own}

    def manage(self, *words: str, **more: Any) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=settings.BASE_DIR, env=self.environment, capture_output=True, text=True, check=False, **more,
        )  # fmt: skip

    @cached_property
    def shell(self) -> Console:
        """One process runs all Python."""
        return Console("", self.data, self.environment)

    def rows(self, question: str) -> list[tuple[Any, ...]]:
        db = sqlite3.connect(self.database, timeout=20)
        try:
            return db.execute(question).fetchall()
        finally:
            db.close()

    def log_of(self, server: str) -> Path:
        ((ref,),) = self.rows(f"SELECT ref FROM cloud_server WHERE name = '{server}'")
        return self.data / "regions" / "cn-north-4" / "servers" / ref / "run" / "serial.log"


@pytest.fixture
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    folder = Path(os.environ["IMS_TEST_DIR"]) / "kept"
    with tarfile.open(HERE / "console_0_1_0.tar.xz") as archive:
        archive.extractall(folder, filter="fully_trusted")
    folder.chmod(0o755)
    console = Kept(folder / "data")
    yield console
    console.shell.cut_power()
    for process in console.shell.shells:
        process.communicate(timeout=60)
    subprocess.run(["rm", "-r", folder], check=True)


def test_a_console_of_0_1_0_goes_on_with_all_that_it_has(kept: Kept) -> None:
    for command in ("serve", "run_web"):  # the others: test_go_back
        refused = kept.shell.python(REFUSED.format(command=command))
        assert "cannot be served" in refused
        assert "Run `ims-console migrate`" in refused
    before = kept.rows("SELECT name, status, category, type FROM images_image")

    migrated = kept.manage("migrate", "--verbosity", "0")
    assert migrated.returncode == 0, migrated.stderr
    assert kept.rows("SELECT name, status, category, type FROM images_image") == before
    assert (kept.data / "database" / "before-upgrade.sqlite3").exists()

    worker = subprocess.Popen([sys.executable, "-c", WORKER], cwd=settings.BASE_DIR, env=kept.environment)
    try:
        wait_for(lambda: not _unfinished(kept), "what 0.1.0 left to be done was done")
        assert "The console runs on" in kept.shell.python(REFUSED.format(command="go_back"))
        wait_for(lambda: _off(kept) == {"runs", "changed"}, "guests that ended with their host were found off")
        said = {server: kept.log_of(server).read_text() for server in ("web", "vaulted")}
        kept.shell.python(START)
        for server, before in said.items():
            wait_for(partial(_has_said, kept, server, before), f"{server} booted")
    finally:
        worker.terminate()
        worker.wait()
    assert int(kept.shell.python(STORED)) > 8
    assert _contents(kept) == Counter({"plain": 1, "other": 1, "sold": 1, "data": 1, "gone": 1, "linked": 1, "captured": 1})
    assert kept.rows("SELECT status FROM images_image WHERE name = 'waiting'") == [("active",)]


def _unfinished(kept: Kept) -> list[tuple[Any, ...]]:
    return kept.rows("SELECT kind FROM jobs_job WHERE state IN ('queued', 'running')")


def _off(kept: Kept) -> set[str]:
    return {name for (name,) in kept.rows("SELECT name FROM cloud_server WHERE status = 'stopped' AND name IN ('runs', 'changed')")}


def _has_said(kept: Kept, server: str, before: str) -> bool:
    (status,) = kept.rows(f"SELECT status FROM cloud_server WHERE name = '{server}'")
    return status == ("running",) and kept.log_of(server).read_text() in (SAID, before + SAID)


def _contents(kept: Kept) -> "Counter[str]":
    """Of the images that have the disks they were made of, bit for bit."""
    found: Counter[str] = Counter()
    for line in kept.shell.python(CONTENTS).splitlines():
        name, path = line.split(" ", 1)
        raw = Path(path).with_name("compared.raw")
        subprocess.run(["qemu-img", "dd", "-O", "raw", "bs=1M", "count=4", f"if={path}", f"of={raw}"], check=True)
        content = raw.read_bytes()
        raw.unlink()
        origin = {"linked": "plain", "captured": "other"}.get(name, name)
        words = [content[at : at + 16].rstrip(b" \0").decode() for at in range(MIB, 4 * MIB, MIB)]
        found[name] += words == [f"{origin} {at}" for at in range(MIB, 4 * MIB, MIB)]
    return found
