"""Disks that come to a running guest and leave it."""

import contextlib
import time

from imsconsole.core.errors import Conflict, NoSpace
from imsconsole.core.full_disk import met_full_disk
from imsconsole.engine.conversion import luks
from imsconsole.engine.local import keys, machine
from imsconsole.engine.local.qmp import Qmp, QmpError
from imsconsole.engine.types import DiskSpec

LET_GO_LIMIT_S = 10.0
POLL_S = 0.05


def _devices(talk: Qmp) -> frozenset[str]:
    return frozenset(entry["name"] for entry in talk.command("qom-list", path="/machine/peripheral"))


def _nodes(talk: Qmp) -> frozenset[str]:
    return frozenset(node["node-name"] for node in talk.command("query-named-block-nodes", flat=True))


def add(talk: Qmp, disk: DiskSpec) -> None:
    """Attach a disk, or do nothing when it is there. Raises Conflict, Unsupported."""
    device = machine.disk_device(disk)
    if machine.device_of(disk) in _devices(talk):
        return
    try:
        if machine.node_of(disk) not in _nodes(talk):
            with keys.told(talk, disk.key):
                talk.command("blockdev-add", **machine.disk_node(disk))
        talk.command("device_add", **device)
    except QmpError as error:
        _forget_node(talk, disk)
        detail = error.values["detail"]
        raise Conflict("wrong-key" if luks.is_locked(detail) else "attach-failed", detail=detail) from error


def take_out(talk: Qmp, disk: DiskSpec) -> None:
    """Ask the guest to let go and wait until it did; without its help this never comes.

    Raises Conflict.
    """
    deadline = time.monotonic() + LET_GO_LIMIT_S
    if machine.device_of(disk) in _devices(talk):
        with contextlib.suppress(QmpError):  # it was asked before and has not answered yet
            talk.command("device_del", id=machine.device_of(disk))
    while machine.device_of(disk) in _devices(talk):
        if time.monotonic() > deadline:
            raise Conflict("guest-holds-disk", seconds=int(LET_GO_LIMIT_S))
        time.sleep(POLL_S)
    while not _forget_node(talk, disk):
        if time.monotonic() > deadline:
            raise Conflict("guest-holds-disk", seconds=int(LET_GO_LIMIT_S))
        time.sleep(POLL_S)


def grow(talk: Qmp, disk: DiskSpec, size_bytes: int) -> None:
    """Tell the guest that its disk is larger; one that is as large already stays as it is. Raises Conflict, NoSpace."""
    nodes = talk.command("query-named-block-nodes", flat=True)
    sizes = {node["node-name"]: node["image"]["virtual-size"] for node in nodes}
    if sizes.get(machine.node_of(disk), 0) >= size_bytes:
        return
    try:
        talk.command("block_resize", **{"node-name": machine.node_of(disk), "size": size_bytes})
    except QmpError as error:
        detail = error.values["detail"]
        raise NoSpace if met_full_disk(0, detail) else Conflict("grow-failed", detail=detail) from error


def _forget_node(talk: Qmp, disk: DiskSpec) -> bool:
    """Close a disk's file; False while its device, though gone for the guest, still holds it."""
    if machine.node_of(disk) in _nodes(talk):
        with contextlib.suppress(QmpError):
            talk.command("blockdev-del", **{"node-name": machine.node_of(disk)})
    return machine.node_of(disk) not in _nodes(talk)
