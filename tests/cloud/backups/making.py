"""Backups with real bytes."""

import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from imsconsole.accounts.actor import Actor
from imsconsole.cloud.engines import engine_for
from imsconsole.cloud.models import Backup, Disk
from imsconsole.engine.types import MIB, FileSource
from tests.engine.guests import TestWork
from tests.factories import BackupDiskFactory, BackupFactory, give_bytes

REGION = "cn-north-4"


def stored_backup(actor: Actor, *, disks: int = 2, **fields: Any) -> Backup:
    """An available backup of `disks` disks, whose content is their number."""
    backup = BackupFactory(project=actor.project, **fields)
    for index in range(disks):
        disk = BackupDiskFactory(backup=backup, index=index, ref="")
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "disk.raw")
            path.write_bytes(b"%d" % index * 512)
            os.truncate(path, MIB)
            stored = engine_for(REGION).ingest(disk.pk, FileSource(path), format="raw", work=TestWork())
        give_bytes(disk, stored)
    return backup


PLACE = 1024 * 1024  # on a disk: where tests write


def write_on(disk: Disk, word: str) -> None:
    """Write a word of at most 8 letters on a disk that nothing runs from."""
    letters = [f"write -P {ord(letter)} {PLACE + offset} 1" for offset, letter in enumerate(word)]
    orders = [f"write -P 0 {PLACE} 512", *letters]
    _qemu_io(_path(disk), "-f", "qcow2", *(each for order in orders for each in ("-c", order)))


def read_from(disk: Disk) -> str:
    """The word on a disk."""
    return _word(_path(disk))


def read_stored(ref: str) -> str:
    """The word on a stored disk."""
    return _word(engine_for(REGION)._store.stored(ref))  # type: ignore[attr-defined]


def _path(disk: Disk) -> Path:
    return engine_for(REGION)._store.disk(Disk.objects.get(pk=disk.pk).ref)  # type: ignore[attr-defined,no-any-return]


def _word(path: Path) -> str:
    shown = _qemu_io(path, "-r", "-U", "-f", "qcow2", "-c", f"read -v {PLACE} 8")
    return bytes.fromhex("".join(shown.splitlines()[0].split()[1:9])).rstrip(b"\0").decode()


def _qemu_io(path: Path, *words: str) -> str:
    return subprocess.run(["qemu-io", *words, str(path)], check=True, capture_output=True, text=True).stdout
