"""Backups with real bytes."""

import os
import tempfile
from pathlib import Path
from typing import Any

from imsconsole.accounts.actor import Actor
from imsconsole.cloud.engines import engine_for
from imsconsole.cloud.models import Backup
from imsconsole.engine.types import MIB, FileSource
from tests.engine.guests import TestWork
from tests.factories import BackupDiskFactory, BackupFactory

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
        disk.ref, disk.sha256, disk.size_bytes = stored.ref, stored.sha256, stored.size_bytes
        disk.virtual_size_bytes = stored.virtual_size_bytes
        disk.save()
    return backup
