"""`qemu-img` under limits: the only program that reads and writes disk files for us. (Plain new ones we lay out: `qcow2`.)

What it is to write is made by us, empty: in a folder of ours it can fill that file and change no name.

Formats are always named, never probed; arguments are a list, never a shell's line.
"""

import json
import os
import re
import signal
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from imsconsole.core.errors import (
    BadImage,
    Conflict,
    ImsError,
    Interrupted,
    NoSpace,
    Unavailable,
    Unsupported,
)
from imsconsole.core.full_disk import met_full_disk
from imsconsole.core.room import Room
from imsconsole.engine.conversion import luks
from imsconsole.engine.conversion.limits import (
    CLEAN_ENVIRONMENT,
    Limits,
    RunAs,
    missing_programs,
    was_killed,
    wrapped,
)
from imsconsole.engine.conversion.luks import Secrets
from imsconsole.engine.conversion.output import output_of, pieces_of
from imsconsole.engine.conversion.ownership import make_blank
from imsconsole.engine.conversion.qcow2 import write_blank
from imsconsole.engine.conversion.users import Users
from imsconsole.engine.parts import named
from imsconsole.engine.types import GIB, MIB, Key, Part

PROGRESS = re.compile(rb"\(\s*([\d.]+)/100%\)")
TOO_LARGE = "File too large"
# what the host lacks, or its wrappers say
NO_FAULT_OF_THE_FILE = (
    "Cannot allocate memory", "unable to allocate", "Resource temporarily unavailable", "setpriv: ", "prlimit: ",
)  # fmt: skip
INFO_CPU_LIMIT_S = 60
INFO_TIME_LIMIT_S = (
    2 * INFO_CPU_LIMIT_S
)  # longer, so that a busy host is not taken for a file that is too much

# Our words for formats, and qemu's.
DRIVERS = {
    "raw": "raw",
    "iso": "raw",
    "qcow": "qcow",
    "qcow2": "qcow2",
    "vmdk": "vmdk",
    "vhd": "vpc",
    "vhdx": "vhdx",
    "vdi": "vdi",
}

# How a format is written: a VMDK that programs can run from, and a VHD that has exactly the size of the disk
# instead of the nearest that old geometries know.
OPTIONS = {
    "vmdk": ("-o", "subformat=monolithicSparse"),
    "vhd": ("-o", "subformat=dynamic,force_size=on"),
}

LUKS_BYTES = 4 * MIB  # what keys and their header take, and more
NO_SECRETS = Secrets()
Progress = Callable[[float], None]  # percent


def _nothing(_percent: float) -> None:
    return None


@dataclass(frozen=True)
class QemuImg:
    """Runs qemu-img as whoever works in a folder. `file_bytes` caps every file it writes (0 is no cap)."""

    users: Users
    room: Room
    file_bytes: int = 0

    def run(
        self,
        arguments: Sequence[str],
        *,
        cwd: Path,
        secrets: Secrets = NO_SECRETS,
        user: RunAs | None = None,
    ) -> tuple[int, str, str]:
        """Exit code (below 0: the signal of a limit, or a fault), output and errors of a short command.

        Raises Unavailable (also Interrupted, when it was killed), Unsupported.
        """
        limits = Limits(cpu_s=INFO_CPU_LIMIT_S, file_bytes=self.file_bytes)
        with self._start(arguments, limits, cwd, secrets, user=user) as process:
            try:
                out, err = output_of(process, limit_s=INFO_TIME_LIMIT_S)
            except subprocess.TimeoutExpired as error:
                kill_group(process)
                raise Unavailable("qemu-img-timeout", seconds=INFO_TIME_LIMIT_S) from error
        if was_killed(process.returncode):
            raise Interrupted(program="qemu-img")
        return process.returncode, out, err

    def do(
        self,
        arguments: Sequence[str],
        *,
        cwd: Path,
        format: str = "qcow2",
        key: Key | None = None,
        user: RunAs | None = None,
    ) -> str:
        """Output of a short command on a file of that format. Raises what its failure means."""
        with luks.secrets(key) as secrets:
            for _ in range(luks.TRIES):
                code, out, err = self.run(arguments, cwd=cwd, secrets=secrets, user=user)
                if luks.UNMEASURED not in err:
                    break
        if code:
            raise failure(code, err, format)
        return out

    def info(self, path: Path, format: str, part: Part | None = None) -> dict[str, Any]:
        """What `qemu-img info` says about a file, or a part of it, whose format is known."""
        files = opened(path.name, format, part=part)
        return dict(json.loads(self.do(["info", "--output=json", *files], cwd=path.parent, format=format)))

    def virtual_size(self, path: Path, format: str, part: Part | None = None) -> int:
        return int(self.info(path, format, part)["virtual-size"])

    def create(self, path: Path, size_bytes: int, key: Key | None = None, base: str = "") -> None:
        """A blank qcow2 disk, or a layer over the qcow2 file `base` in its folder; encrypted with `key` if there is one.

        With a key both are encrypted with it. The base is not opened: how to unlock it would become
        part of the layer's header.
        """
        with make_blank(path, self.users.of(path.parent)) as file:
            if key is None:
                write_blank(file, size_bytes, base)
                return
        command = ["create", "-q", "-f", "qcow2", "-u", *luks.creation(key)]
        command += ["-F", "qcow2", "-b", base] if base else []
        self.do([*command, path.name, str(size_bytes)], cwd=path.parent, key=key)

    def resize(
        self,
        path: Path,
        size_bytes: int,
        key: Key | None = None,
        base: str = "",
        user: RunAs | None = None,
    ) -> None:
        """Grow a qcow2; an encrypted one over the file `base` in its folder, if it has one. Its owner is `user`, if not the folder's."""
        command = ["resize", "-q", *opened(path.name, "qcow2", key, base), str(size_bytes)]
        self.do(command, cwd=path.parent, key=key, user=user)

    def convert(
        self,
        source: Path,
        format: str,
        target: Path,
        *,
        size_bytes: int,
        progress: Progress = _nothing,
        source_key: Key | None = None,
        source_base: str = "",
        source_part: Part | None = None,
        key: Key | None = None,
        into: str = "qcow2",
        limit_bytes: int = 0,
    ) -> None:
        """Write `source`, or a part of it, anew at `target`, in the same folder, as qcow2 or the format `into`.

        `source_key` unlocks a qcow2 source, and its base if the file `source_base` in that folder is
        one; `key` encrypts a qcow2 target. `progress` may raise: qemu-img is killed and the error
        passes on. `size_bytes`, the virtual size, scales the CPU limit. It writes no more than was measured before,
        and than `limit_bytes`, if there is a limit.
        Raises BadImage, NoSpace, Unavailable, Conflict `wrong-key` or `beyond-limit`, what a key's `material` raises.
        """
        files = opened(source.name, format, source_key, source_base, source_part)
        needed = self._measured(files, target.parent, format, source_key) + (LUKS_BYTES if key else 0)
        most = needed if into == "qcow2" else size_bytes + size_bytes // 128 + 16 * MIB  # with its tables
        cap = min(each for each in (most, limit_bytes, self.file_bytes) if each)
        output = ["-O", DRIVERS[into], *OPTIONS.get(into, ()), *luks.creation(key)]
        command = [
            "convert",
            "-p",
            *output,
            *files,
            target.name,
        ]
        limits = Limits(cpu_s=120 + 30 * (size_bytes // GIB), file_bytes=cap)
        make_blank(target, self.users.of(target.parent)).close()
        with (
            self.admitted(target, needed, limit_bytes if into == "qcow2" else 0),
            luks.secrets(source_key, key) as secrets,
        ):
            for _ in range(luks.TRIES):
                code, err = self._converted(command, limits, target.parent, progress, secrets)
                if luks.UNMEASURED not in err:
                    break
        if code and cap == limit_bytes and (TOO_LARGE in err or target.stat().st_size > cap - 4 * MIB):
            raise Conflict("beyond-limit", limit_bytes=limit_bytes)
        if code:
            raise failure(code, err, format)

    def _measured(self, files: Sequence[str], cwd: Path, format: str, key: Key | None) -> int:
        """What the content of a disk takes as qcow2, at most."""
        command = ["measure", "--output=json", "-O", "qcow2", *files]
        return int(json.loads(self.do(command, cwd=cwd, format=format, key=key))["required"])

    @contextmanager
    def admitted(self, target: Path, needed_bytes: int, limit_bytes: int = 0) -> Iterator[None]:
        """Room for what is written at `target`. Raises NoSpace; Conflict `beyond-limit` when it takes more than a limit."""
        if limit_bytes and needed_bytes > limit_bytes:
            raise Conflict("beyond-limit", limit_bytes=limit_bytes)
        if self.file_bytes and needed_bytes > self.file_bytes:
            raise NoSpace
        with self.room.kept(target, needed_bytes):
            yield

    def flatten(
        self,
        layers: Sequence[Path],
        target: Path,
        *,
        size_bytes: int,
        progress: Progress = _nothing,
        key: Key | None = None,
    ) -> None:
        """Write a qcow2 and the one under it, if there is one, as one; all are encrypted with `key`, if with any.

        They are named as in their headers, in the target's folder.
        """
        self.convert(
            target.with_name(layers[0].name),
            "qcow2",
            target,
            size_bytes=size_bytes,
            progress=progress,
            source_key=key,
            source_base=layers[1].name if len(layers) > 1 else "",
            key=key,
        )

    def _converted(
        self, command: Sequence[str], limits: Limits, cwd: Path, progress: Progress, secrets: Secrets
    ) -> tuple[int, str]:
        errors = bytearray()
        with self._start(command, limits, cwd, secrets) as process:
            try:
                for piece in pieces_of(process, errors):
                    if found := PROGRESS.findall(piece):
                        progress(float(found[-1]))
                code = process.wait()
            finally:
                kill_group(process)
        return code, errors.decode(errors="replace")

    def _start(
        self,
        arguments: Sequence[str],
        limits: Limits,
        cwd: Path,
        secrets: Secrets,
        user: RunAs | None = None,
    ) -> "subprocess.Popen[bytes]":
        if missing_programs("qemu-img"):
            raise Unsupported("qemu-img-missing", package="qemu-utils")
        command = ["qemu-img", arguments[0], *secrets.arguments, *arguments[1:]]
        return subprocess.Popen(
            wrapped(command, user or self.users.of(cwd), limits=limits, dies_with_us=True),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=cwd,
            env=CLEAN_ENVIRONMENT,
            start_new_session=True,
            pass_fds=secrets.descriptors,
        )


def opened(
    name: str, format: str, key: Key | None = None, base: str = "", part: Part | None = None
) -> list[str]:
    """How a command names a file, or a part of it, and the base under it, that it is to open."""
    if key is None:
        return ["-f", DRIVERS[format], named(name, DRIVERS[format], part)]
    node = {"driver": "qcow2", **luks.unlocking(key), "file": {"driver": "file", "filename": name}}
    if base:
        node["backing"] = node | {"file": {"driver": "file", "filename": base}}
    return [f"json:{json.dumps(node)}"]


def kill_group(process: "subprocess.Popen[bytes]") -> None:
    """Kill a child and what it started; one that has ended is left alone."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)


def failure(code: int, err: str, format: str) -> ImsError:
    """What a failed qemu-img means. The last line of its errors is kept as the detail."""
    detail = (err.strip().splitlines() or [f"qemu-img ended with {code}"])[-1].removeprefix("qemu-img: ")
    if met_full_disk(code, err):
        return NoSpace()
    if was_killed(code):
        return Interrupted(program="qemu-img")
    if code == -signal.SIGXCPU:
        return BadImage("too-complex", format=format)
    if code < 0 or any(words in err for words in NO_FAULT_OF_THE_FILE):
        return Unavailable("qemu-img-failed", detail=detail)
    if luks.is_locked(err):
        return Conflict("wrong-key")
    if "lock" in err and "Failed to get" in err:
        return Unavailable("disk-in-use", detail=detail)
    return BadImage("corrupt", format=format, detail=detail)
