"""The TPM of a guest: a process beside its QEMU (`swtpm`), whose state lies beside the system disk it belongs to.

It is a child of QEMU, and the kernel kills it with its parent, however that ends. A pair of sockets without a name joins the two. Its
state is replaced file by file, so a kill does no harm; it is encrypted when the system disk is, with the same key.
"""

import fcntl
import os
import shlex
import signal
import struct
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from imsconsole.engine.conversion.limits import RunAs
from imsconsole.engine.conversion.ownership import open_theirs
from imsconsole.engine.local.probe import SWTPM

FOLDER = "tpm"  # its user's own
LOCK = ".lock"  # in FOLDER, held by the process
END_LIMIT_S = 5.0
POLL_S = 0.01
FLOCK = "hhqqi4x"  # struct flock: type, whence, start, length, process


def beside(qemu: Sequence[str], line: int, end: int, state: str, key_file: str) -> list[str]:
    """QEMU's command with that of its TPM before it: the process that starts the one becomes the other.

    `line` and `end` join them; `state` is a folder, `key_file` has 256 bits in hex.
    """
    key = ["--key", f"file={key_file},mode=aes-256-cbc,format=hex"] if key_file else []
    tpm = [SWTPM, "socket", "--tpm2", "--tpmstate", f"dir={state},mode=0600", *key]
    tpm = ["setpriv", "--pdeathsig", "KILL", "--", *tpm, "--ctrl", f"type=unixio,clientfd={end}"]
    return ["bash", "-c", f'{shlex.join(tpm)} {line}>&- & exec "$@" {end}>&-', "bash", *qemu]


def device(line: int) -> list[str]:
    """QEMU's options."""
    backend = ["-chardev", f"socket,id=tpm,fd={line}", "-tpmdev", "emulator,id=tpm,chardev=tpm"]
    return [*backend, "-device", "tpm-crb,tpmdev=tpm"]


def end(folder: Path, user: RunAs) -> None:
    """See that the TPM of a server whose guest has ended has let go of its state; one that does not is killed."""
    for lock in folder.glob(f"system-*/{FOLDER}/{LOCK}"):
        began = time.monotonic()
        with suppress(FileNotFoundError, ProcessLookupError), open_theirs(lock, user) as file:
            while (holder := _holder(file.fileno())) and (
                passed := time.monotonic() - began
            ) < 2 * END_LIMIT_S:
                if passed > END_LIMIT_S:
                    os.kill(holder, signal.SIGKILL)
                time.sleep(POLL_S)


def _holder(lock: int) -> int:
    """The process that holds a lock of a file (fcntl(2)), or 0."""
    wanted = struct.pack(FLOCK, fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
    kind, *_where, pid = struct.unpack(FLOCK, fcntl.fcntl(lock, fcntl.F_GETLK, wanted))
    return 0 if kind == fcntl.F_UNLCK else pid


def move(folder: Path, old: RunAs, new: RunAs) -> None:
    """Make a state another user's; what is no plain file of the old one's stays behind."""
    if not folder.is_dir():
        return
    for path in folder.iterdir():
        with suppress(FileNotFoundError), open_theirs(path, old) as file:
            os.fchown(file.fileno(), new.uid, new.gid)
    new.give(folder)
