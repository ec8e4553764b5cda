"""One guest: QEMU's command line, and its process from start to readiness.

QEMU stays in the foreground of a session of its own (`-daemonize` excludes the full sandbox) and
outlives whoever started it. It runs in the server's run folder, every file is named relative to
that, with its format.
"""

import contextlib
import json
import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from imsconsole.core.errors import Conflict, Interrupted, NoSpace, Unavailable, Unsupported
from imsconsole.core.folders import remove
from imsconsole.core.full_disk import is_out_of_room, met_full_disk
from imsconsole.engine.conversion import luks
from imsconsole.engine.conversion.limits import CLEAN_ENVIRONMENT, RunAs, was_killed, wrapped
from imsconsole.engine.conversion.luks import Secrets
from imsconsole.engine.conversion.ownership import open_theirs
from imsconsole.engine.local import keys, probe, tpm, tray
from imsconsole.engine.local.kvm import kvm_groups
from imsconsole.engine.local.qmp import SOCKET, qmp
from imsconsole.engine.local.seed import write_seed
from imsconsole.engine.local.serial import SERIAL_SOCKET
from imsconsole.engine.local.state import PID_FILE, SERIAL_LOG
from imsconsole.engine.local.store import RUN
from imsconsole.engine.types import DiskSpec, ServerSpec

Network = Literal["none", "user", "internet"]

# all that can be emulated, but page tables of five levels, which cost a tenth of each boot
EMULATED_CPU = "max,la57=off"
MAX_DATA_DISKS = 23  # a port each, there from the start: that is how a disk can be added later
ERRORS = "stderr.log"
CD = "cd.iso"  # in the server's folder
SEED = "seed.iso"
SYSTEM_NODE = "system"
VNC_SOCKET = "vnc.sock"
READY_LIMIT_S = 60
NODE = re.compile(r"^-blockdev \{.*\}: ")  # which QEMU puts before what it says of one
SANDBOX = "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"

_children: "list[subprocess.Popen[bytes]]" = []  # kept to be reaped: a zombie looks alive


@dataclass(frozen=True)
class GuestHost:
    """What a guest gets from this host."""

    user: RunAs
    network: Network
    accelerator: str


def port_of(disk: DiskSpec) -> str:
    """The PCI port of a data disk. Raises Unsupported beyond the last."""
    if not 1 <= disk.index <= MAX_DATA_DISKS:
        raise Unsupported("too-many-disks", limit=MAX_DATA_DISKS)
    return f"port{disk.index}"


def node_of(disk: DiskSpec) -> str:
    return f"disk-{disk.serial}" if disk.index else SYSTEM_NODE


def device_of(disk: DiskSpec) -> str:
    return f"dev-{disk.serial}"


def disk_node(disk: DiskSpec) -> dict[str, Any]:
    """A data disk as QEMU opens it."""
    return {
        "driver": "qcow2",
        "node-name": node_of(disk),
        "discard": "unmap",
        **luks.unlocking(disk.key),
        "file": _file(f"../../../disks/{disk.ref}"),
    }


def disk_device(disk: DiskSpec) -> dict[str, Any]:
    device = {"driver": "virtio-blk-pci", "id": device_of(disk), "drive": node_of(disk)}
    return device | {"bus": port_of(disk), "serial": disk.serial}


def command_line(
    server: ServerSpec, host: GuestHost, ssh_port: int, secrets: Sequence[str] = (), tpm_line: int = -1
) -> list[str]:
    """QEMU's command line for a server whose run folder is the current one."""
    fast = host.accelerator == "kvm"
    command = [
        probe.QEMU,
        "-name",
        f"guest={server.id}",
        "-nodefaults",
        "-no-user-config",
        "-sandbox",
        SANDBOX,
        *secrets,
    ]
    command += ["-machine", _machine(server), "-accel", "kvm" if fast else "tcg"]
    command += ["-cpu", "host" if fast else EMULATED_CPU]
    command += ["-smp", str(server.vcpus), "-m", str(server.memory_mb)]
    command += ["-boot", "strict=on"]  # from nothing that has no place in the order
    command += ["-device", "VGA", "-vnc", f"unix:{VNC_SOCKET}", "-pidfile", PID_FILE]
    serial = f"socket,id=serial,path={SERIAL_SOCKET},server=on,wait=off,logfile={SERIAL_LOG},logappend=on"
    command += ["-chardev", serial, "-serial", "chardev:serial"]
    command += ["-qmp", f"unix:{SOCKET},server=on,wait=off"]
    command += [
        "-object",
        "rng-random,id=random,filename=/dev/urandom",
        "-device",
        "virtio-rng-pci,rng=random",
    ]
    return (
        command
        + _firmware(server)
        + (tpm.device(tpm_line) if server.tpm else [])
        + _system(server)
        + _cd(server)
        + tray.drive(server)
        + _ports()
        + _data_disks(server)
        + _nic(server, host, ssh_port)
    )


def _machine(server: ServerSpec) -> str:
    if server.boot_mode != "uefi":
        return "q35"
    return f"q35,smm={'on' if server.secure_boot else 'auto'},pflash0=firmware,pflash1=variables"


def _firmware(server: ServerSpec) -> list[str]:
    """UEFI's variables live beside the system disk they belong to.

    For Secure Boot the firmware alone may write them, in system management mode: no guest changes whose signatures count.
    """
    if server.boot_mode != "uefi":
        return []
    firmware = _file(str(probe.SECURE_CODE if server.secure_boot else probe.OVMF_CODE))
    code = {"driver": "raw", "node-name": "firmware", "read-only": True, "file": firmware}
    variables = {
        "driver": "raw",
        "node-name": "variables",
        "file": _file(f"{_system_folder(server)}/vars.fd"),
    }
    guarded = ["-global", "driver=cfi.pflash01,property=secure,value=on"] if server.secure_boot else []
    return [*guarded, "-blockdev", json.dumps(code), "-blockdev", json.dumps(variables)]


def _system(server: ServerSpec) -> list[str]:
    """The system disk with both of its layers spelled out, and the seed as a CD.

    The drive is a SCSI one: cloud kernels know no AHCI, and a virtio disk would take the letter
    of a data disk.
    """
    folder = _system_folder(server)
    qcow2 = {"driver": "qcow2", **luks.unlocking(server.disks[0].key)}
    base = qcow2 | {"node-name": "base", "read-only": True, "file": _file(f"{folder}/base.qcow2")}
    layers = qcow2 | {"node-name": SYSTEM_NODE, "discard": "unmap", "backing": base}
    seed = {"driver": "raw", "node-name": "seed", "read-only": True, "file": _file(f"../{SEED}")}
    device = (
        f"virtio-blk-pci,id=system-device,drive={SYSTEM_NODE},bootindex=1,serial={server.disks[0].serial}"
    )
    nodes = [
        "-blockdev",
        json.dumps(layers | {"file": _file(f"{folder}/disk.qcow2")}),
        "-blockdev",
        json.dumps(seed),
    ]
    return [
        *nodes,
        "-device",
        device,
        "-device",
        "virtio-scsi-pci,id=scsi",
        "-device",
        "scsi-cd,bus=scsi.0,drive=seed",
    ]


def _cd(server: ServerSpec) -> list[str]:
    """The CD in its drive, tried after the system disk: what it installs starts at the next boot.

    The drive is a SATA one, which every installer knows.
    """
    if not server.cd_ref:
        return []
    node = {"driver": "raw", "node-name": "cd", "read-only": True, "file": _file(f"../{CD}")}
    return ["-blockdev", json.dumps(node), "-device", "ide-cd,bus=ide.0,drive=cd,bootindex=2"]


def _ports() -> list[str]:
    """Eight ports share a slot; they ask for no I/O range, of which there are few."""
    command = []
    for index in range(1, MAX_DATA_DISKS + 1):
        slot, function = divmod(index - 1, 8)
        place = f"addr={0x10 + slot:#x}.{function},multifunction={'on' if function == 0 else 'off'}"
        command += ["-device", f"pcie-root-port,id=port{index},chassis={index},{place},io-reserve=0"]
    return command


def _data_disks(server: ServerSpec) -> list[str]:
    """In the order of boot, after all else: a BIOS has no disks for boot loaders but those."""
    command = []
    for place, disk in enumerate(server.disks[1:], 3):
        command += ["-blockdev", json.dumps(disk_node(disk))]
        command += ["-device", json.dumps(disk_device(disk) | {"bootindex": place})]
    return command


def _nic(server: ServerSpec, host: GuestHost, ssh_port: int) -> list[str]:
    device = ["-device", f"virtio-net-pci,netdev=net,mac={server.mac},romfile="]
    if host.network == "none":
        return ["-netdev", "hubport,id=net,hubid=0", *device]
    net = server.private_ip.rpartition(".")[0]
    gateway, names = (
        (f"{net}.1", f"{net}.254") if server.private_ip != f"{net}.254" else (f"{net}.1", f"{net}.253")
    )
    wall = "on" if host.network == "user" else "off"
    user = (
        f"user,id=net,net={net}.0/24,host={gateway},dns={names},dhcpstart={server.private_ip},restrict={wall}"
    )
    return ["-netdev", f"{user},hostfwd=tcp:127.0.0.1:{ssh_port}-{server.private_ip}:22", *device]


def _file(name: str) -> dict[str, str]:
    return {"driver": "file", "filename": name}


def _system_folder(server: ServerSpec) -> str:
    return f"../{server.disks[0].ref.partition('/')[2]}"


def prepare(folder: Path, server: ServerSpec, host: GuestHost) -> None:
    """Write what the guest needs beside its disks."""
    run = folder / RUN
    run.mkdir(mode=0o700, exist_ok=True)
    host.user.give(run)
    for name in (
        folder / SEED,
        folder / ERRORS,
        run / SOCKET,
        run / VNC_SOCKET,
        run / SERIAL_SOCKET,
        run / PID_FILE,
    ):
        remove(name)
    _private(folder / SEED)
    write_seed(folder / SEED, server, static_address=host.network == "none")
    host.user.give(folder / SEED)
    variables = run / _system_folder(server) / "vars.fd"
    if server.boot_mode == "uefi" and not variables.exists():
        new = variables.with_suffix(".new")  # half a file would be taken for the guest's own
        new.unlink(missing_ok=True)
        _private(new)
        shutil.copyfile(probe.SECURE_VARS if server.secure_boot else probe.OVMF_VARS, new)
        host.user.give(new)
        new.rename(variables)
    tpm.end(folder, host.user)
    if server.tpm:
        state = variables.with_name(tpm.FOLDER)
        state.mkdir(mode=0o700, exist_ok=True)
        host.user.give(state)


def move(folder: Path, old: RunAs, new: RunAs) -> None:
    """Make the folder of a server whose guest does not run another user's: at last the folder itself, so it can be done again.

    What else a guest left in its run folder is of no use to the next.
    """
    run = folder / RUN
    for system in folder.glob("system-*/"):
        for name in ("disk.qcow2", "vars.fd"):
            if (system / name).exists():
                new.give(system / name)
        tpm.move(system / tpm.FOLDER, old, new)
        new.let_in(system)
    if run.is_dir():
        try:
            with open_theirs(run / SERIAL_LOG, old) as log:
                os.fchown(log.fileno(), new.uid, new.gid)
        except FileNotFoundError:
            remove(run / SERIAL_LOG)
        new.give(run)
    new.let_in(folder)


def _private(path: Path) -> None:
    """An empty file nobody else may read, before anything is written to it."""
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def spawn(
    folder: Path, server: ServerSpec, host: GuestHost, ssh_port: int, secrets: Secrets
) -> "subprocess.Popen[bytes]":
    """Start QEMU, and its TPM with it; it may still die of what it finds. `secrets` unlock the server's disks."""
    line, end = socket.socketpair()
    with line, end, (folder / ERRORS).open("xb") as errors:
        command = command_line(server, host, ssh_port, secrets.arguments, line.fileno())
        if server.tpm:
            state = f"{_system_folder(server)}/{tpm.FOLDER}"
            key_file = f"/proc/self/fd/{secrets.descriptors[0]}" if server.disks[0].key else ""
            command = tpm.beside(command, line.fileno(), end.fileno(), state, key_file)
        groups = kvm_groups() if host.accelerator == "kvm" else ()
        ends = (line.fileno(), end.fileno()) if server.tpm else ()
        process = subprocess.Popen(
            wrapped(command, host.user, groups=groups),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            cwd=folder / RUN,
            env=CLEAN_ENVIRONMENT,
            start_new_session=True,
            umask=0o077,
            pass_fds=(*secrets.descriptors, *ends),
        )
    _children.append(process)
    return process


def wait_ready(folder: Path, server: ServerSpec, process: "subprocess.Popen[bytes]") -> None:
    """Return when QEMU answers; it has opened its disks then, and is made to forget their keys.

    Raises Unavailable `qemu-failed` with its own message, Interrupted, Conflict `wrong-key`, NoSpace.
    """
    deadline = time.monotonic() + READY_LIMIT_S
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(Unavailable), qmp(folder) as talk:
            talk.command("query-status")
            keys.forget(talk, *(disk.key for disk in server.disks))
            return
        time.sleep(0.02)
    if process.poll() is None:
        process.kill()
        process.wait()
    elif was_killed(process.returncode):
        raise Interrupted(program="qemu-system-x86_64")
    detail = _last_error(folder)
    if met_full_disk(process.returncode, detail) or is_out_of_room(folder):
        raise NoSpace
    raise Conflict("wrong-key") if luks.is_locked(detail) else Unavailable("qemu-failed", detail=detail)


def _last_error(folder: Path) -> str:
    """The last that QEMU said itself, if it did."""
    said = (folder / ERRORS).read_text(errors="replace").strip().splitlines()
    if not said:
        return "QEMU ended without a word"
    last = next((line for line in reversed(said) if line.startswith(f"{probe.QEMU}: ")), said[-1])
    return NODE.sub("", last.removeprefix(f"{probe.QEMU}: "))[:500]


def reap() -> None:
    """Let our ended children go, so that no zombies stay."""
    for process in list(_children):
        if process.poll() is not None:
            with contextlib.suppress(ValueError):
                _children.remove(process)


def free_port(wished: int) -> int:
    """A free TCP port on the loopback address, the wished one if it is free."""
    for number in (wished, 0):
        with socket.socket() as line, contextlib.suppress(OSError):
            line.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            line.bind(("127.0.0.1", number))
            return int(line.getsockname()[1])
    raise Unavailable("no-free-port")
