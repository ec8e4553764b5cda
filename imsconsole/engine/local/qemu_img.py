"""`qemu-img` under limits: the only program that reads and writes disk files for us.

Formats are always named, never probed; arguments are a list, never a shell's line.
"""

import json
import os
import re
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from imsconsole.core.errors import BadImage, ImsError, NoSpace, Unavailable, Unsupported
from imsconsole.core.full_disk import met_full_disk
from imsconsole.engine.local.limits import CLEAN_ENVIRONMENT, Limits, RunAs, missing_programs, wrapped
from imsconsole.engine.types import GIB

PROGRESS = re.compile(rb"\(\s*([\d.]+)/100%\)")
NO_MEMORY = ("Cannot allocate memory", "unable to allocate", "Resource temporarily unavailable")
INFO_TIME_LIMIT_S = 60

# Our words for formats, and qemu's.
DRIVERS = {
    "raw": "raw",
    "iso": "raw",
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

Progress = Callable[[float], None]  # percent


def _nothing(_percent: float) -> None:
    return None


@dataclass(frozen=True)
class QemuImg:
    """Runs qemu-img as `user`. `file_bytes` caps every file it writes (0 is no cap)."""

    user: RunAs
    file_bytes: int = 0

    def run(self, arguments: Sequence[str], *, cwd: Path | None = None) -> tuple[int, str, str]:
        """Exit code, output and errors of a short command. Raises Unavailable, Unsupported."""
        with self._start(arguments, Limits(file_bytes=self.file_bytes), cwd) as process:
            try:
                out, err = process.communicate(timeout=INFO_TIME_LIMIT_S)
            except subprocess.TimeoutExpired as error:
                kill_group(process)
                raise Unavailable("qemu-img-timeout", seconds=INFO_TIME_LIMIT_S) from error
        return process.returncode, out.decode(errors="replace"), err.decode(errors="replace")

    def do(self, arguments: Sequence[str], *, cwd: Path, format: str = "qcow2") -> str:
        """Output of a short command on a file of that format. Raises what its failure means."""
        code, out, err = self.run(arguments, cwd=cwd)
        if code:
            raise failure(code, err, format)
        return out

    def info(self, path: Path, format: str) -> dict[str, Any]:
        """What `qemu-img info` says about a file whose format is known."""
        described = self.do(
            ["info", "--output=json", "-f", DRIVERS[format], str(path)], cwd=path.parent, format=format
        )
        return dict(json.loads(described))

    def virtual_size(self, path: Path, format: str) -> int:
        return int(self.info(path, format)["virtual-size"])

    def create(self, path: Path, size_bytes: int) -> None:
        """A blank qcow2 disk."""
        self.do(["create", "-q", "-f", "qcow2", path.name, str(size_bytes)], cwd=path.parent)

    def create_overlay(self, path: Path, base: str, size_bytes: int) -> None:
        """A qcow2 layer over the qcow2 file `base`, named relative to the overlay's folder."""
        command = ["create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", base, path.name, str(size_bytes)]
        self.do(command, cwd=path.parent)

    def resize(self, path: Path, size_bytes: int) -> None:
        self.do(["resize", "-q", "-f", "qcow2", path.name, str(size_bytes)], cwd=path.parent)

    def convert(
        self,
        source: Path,
        format: str,
        target: Path,
        *,
        size_bytes: int,
        progress: Progress = _nothing,
        into: str = "qcow2",
    ) -> None:
        """Write `source` anew at `target`, in the same folder, as qcow2 or the format `into`.

        `progress` may raise: qemu-img is killed and the error passes on. `size_bytes`, the virtual
        size, scales the CPU limit. Raises BadImage, NoSpace, Unavailable.
        """
        output = ["-O", DRIVERS[into], *OPTIONS.get(into, ())]
        command = ["convert", "-p", "-f", DRIVERS[format], *output, source.name, target.name]
        limits = Limits(cpu_s=120 + 30 * (size_bytes // GIB), file_bytes=self.file_bytes)
        with tempfile.TemporaryFile() as errors:
            with self._start(command, limits, target.parent, errors) as process:
                try:
                    self._follow(process, progress)
                    code = process.wait()
                finally:
                    kill_group(process)
            errors.seek(0)
            if code:
                raise failure(code, errors.read(65536).decode(errors="replace"), format)

    def _start(
        self,
        arguments: Sequence[str],
        limits: Limits,
        cwd: Path | None,
        errors: IO[bytes] | int = subprocess.PIPE,
    ) -> "subprocess.Popen[bytes]":
        if missing_programs("qemu-img"):
            raise Unsupported("qemu-img-missing", package="qemu-utils")
        return subprocess.Popen(
            wrapped(["qemu-img", *arguments], self.user, limits=limits, dies_with_us=True),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            cwd=cwd,
            env=CLEAN_ENVIRONMENT,
            start_new_session=True,
        )

    @staticmethod
    def _follow(process: "subprocess.Popen[bytes]", progress: Progress) -> None:
        for piece in _pieces(process.stdout):
            if found := PROGRESS.search(piece):
                progress(float(found[1]))


def _pieces(stream: IO[bytes] | None) -> Iterator[bytes]:
    """What arrives, as it arrives: progress lines end with a carriage return."""
    while stream is not None and (piece := os.read(stream.fileno(), 4096)):
        yield piece.replace(b"\r", b"\n").rstrip(b"\n").rpartition(b"\n")[2]


def kill_group(process: "subprocess.Popen[bytes]") -> None:
    """Kill a child and what it started; one that has ended is left alone."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)


def failure(code: int, err: str, format: str) -> ImsError:
    """What a failed qemu-img means. The last line of its errors is kept as the detail."""
    detail = (err.strip().splitlines() or [f"qemu-img ended with {code}"])[-1].removeprefix("qemu-img: ")
    if met_full_disk(code, err):
        return NoSpace()
    if code < 0 or any(words in err for words in NO_MEMORY):
        return Unavailable("qemu-img-failed", detail=detail)
    if "lock" in err and "Failed to get" in err:
        return Unavailable("disk-in-use", detail=detail)
    return BadImage("corrupt", format=format, detail=detail)
