"""Copies of disks that a running guest's own QEMU makes: their files in its run folder, and what QEMU is told of them."""

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from imsconsole.core.errors import ImsError, Unavailable
from imsconsole.core.folders import remove
from imsconsole.engine.conversion import luks
from imsconsole.engine.local import machine
from imsconsole.engine.local.qmp import Qmp, QmpError, qmp
from imsconsole.engine.local.store import BASE, RUN
from imsconsole.engine.types import DiskSpec, Work

PREFIX = "capture-"
CANCEL_LIMIT_S = 30.0
SUFFIX = ".qcow2"


@dataclass(frozen=True)
class DiskCopy:
    """One disk on its way into the store."""

    stored: UUID
    disk: DiskSpec
    is_layer: bool = False  # of a system disk what was written since, without the image under it

    @property
    def base(self) -> str:
        """What a system disk's layer rests on, the copy as well."""
        return BASE if self.is_layer and not self.disk.index else ""

    @property
    def job(self) -> str:
        """What QEMU calls the copying."""
        return job_of(str(self.stored))

    @property
    def node(self) -> str:
        """What QEMU calls the target."""
        return node_of_copy(str(self.stored))


def drop(folder: Path, paths: Sequence[Path]) -> None:
    """End the copying into these files, if a guest still copies, and remove them. One that stands still goes on."""
    if not paths:
        return
    with suppress(Unavailable), qmp(folder) as talk:
        for path in paths:
            cancel(talk, job_of(stored_of(path)), node_of_copy(stored_of(path)))
    for path in paths:
        remove(path)
    with suppress(ImsError), qmp(folder) as talk:
        if talk.command("query-status")["status"] == "io-error":
            talk.command("cont")


def copies_in(folder: Path, copies: Sequence[DiskCopy]) -> list[Path]:
    """The unfinished files of these disks, whichever attempt made them."""
    return [path for each in copies for path in (folder / RUN).glob(f"{PREFIX}{each.stored}.*{SUFFIX}")]


def copy_in(folder: Path, copy: DiskCopy) -> Path | None:
    return next(iter(copies_in(folder, [copy])), None)


def stored_of(path: Path) -> str:
    return path.name.removeprefix(PREFIX).partition(".")[0]


def job_of(stored: str) -> str:
    return f"{PREFIX}{stored}"


def node_of_copy(stored: str) -> str:
    return f"into-{stored.replace('-', '')[:20]}"


def target_of(copy: DiskCopy, work: Work) -> str:
    return f"{PREFIX}{copy.stored}.{work.token}{SUFFIX}"


def target_node(copy: DiskCopy, work: Work) -> dict[str, Any]:
    file = {"driver": "file", "filename": target_of(copy, work)}
    node = {"driver": "qcow2", "node-name": copy.node, "discard": "unmap", "file": file}
    return node | ({"backing": "base"} if copy.base else {}) | luks.unlocking(copy.disk.key)


def transaction(copies: Sequence[DiskCopy]) -> dict[str, Any]:
    """All begin at one instant; when one fails none is good."""
    actions = [
        {
            "type": "blockdev-backup",
            "data": {
                "job-id": each.job,
                "device": machine.node_of(each.disk),
                "target": each.node,
                "sync": "top" if each.base else "full",
                "auto-dismiss": False,
            },
        }
        for each in copies
    ]
    return {"actions": actions, "properties": {"completion-mode": "grouped"}}


def jobs_of(talk: Qmp) -> dict[str, dict[str, Any]]:
    return {job["id"]: job for job in talk.command("query-jobs")}


def sizes_of(talk: Qmp) -> dict[str, int]:
    nodes = talk.command("query-named-block-nodes", flat=True)
    return {node["node-name"]: node["image"]["virtual-size"] for node in nodes}


def cancel(talk: Qmp, job: str, node: str) -> None:
    deadline = time.monotonic() + CANCEL_LIMIT_S
    with suppress(QmpError):
        talk.command("block-job-cancel", device=job, force=True)
    while (found := jobs_of(talk).get(job)) and found["status"] != "concluded":
        if time.monotonic() > deadline:
            raise Unavailable("qemu-busy")
        time.sleep(0.02)
    forget(talk, job, node)


def forget(talk: Qmp, job: str, node: str) -> None:
    """Let a job that has ended and its target go; what is gone already is."""
    with suppress(QmpError):
        talk.command("job-dismiss", id=job)
    with suppress(QmpError):
        talk.command("blockdev-del", **{"node-name": node})
