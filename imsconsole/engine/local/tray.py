"""The tray of a server: an ISO for the system that runs, and from which none starts.

What is in it is a link of the stored file, in the server's folder.
"""

import contextlib
import json
from pathlib import Path
from typing import Any

from imsconsole.core.durable import sync
from imsconsole.core.errors import Conflict
from imsconsole.core.folders import remove
from imsconsole.engine.conversion.scratch import link
from imsconsole.engine.local.qmp import Qmp, QmpError
from imsconsole.engine.types import ServerSpec

ISO = "tray.iso"  # in the server's folder
DRIVE, NODE = "tray", "tray-iso"  # what QEMU calls the drive, and what is in it when the guest starts


def drive(server: ServerSpec) -> list[str]:
    """QEMU's options: a SCSI drive beside that of the seed, which the firmware is not told of."""
    device = f"scsi-cd,bus=scsi.0,id={DRIVE}"
    if not server.iso_ref:
        return ["-device", device]
    file = {"driver": "file", "filename": f"../{ISO}"}
    node: dict[str, Any] = {"driver": "raw", "node-name": NODE, "read-only": True, "file": file}
    return ["-blockdev", json.dumps(node), "-device", f"{device},drive={NODE}"]


def lay(folder: Path, stored: Path) -> None:
    """Put a link of the stored ISO into the server's folder, in the place of the one before."""
    new = folder / f"{ISO}.new"
    remove(new)
    link(stored, new)
    new.rename(folder / ISO)
    sync(folder)


def insert(talk: Qmp) -> None:
    """Have the guest see what lies in the folder, whatever it does with what it saw before. Raises Conflict."""
    if not _is_there(talk):
        raise Conflict("no-tray")
    what = {"filename": f"../{ISO}", "format": "raw", "read-only-mode": "read-only", "force": True}
    talk.command("blockdev-change-medium", id=DRIVE, **what)
    _forget_first(talk)


def empty(talk: Qmp) -> None:
    """Take away what the guest sees."""
    if _is_there(talk):
        talk.command("eject", id=DRIVE, force=True)
        _forget_first(talk)


def _is_there(talk: Qmp) -> bool:
    """A guest that was started before there were trays has none."""
    return DRIVE in {entry["name"] for entry in talk.command("qom-list", path="/machine/peripheral")}


def _forget_first(talk: Qmp) -> None:
    with contextlib.suppress(QmpError):  # it was not there, or is gone
        talk.command("blockdev-del", **{"node-name": NODE})
