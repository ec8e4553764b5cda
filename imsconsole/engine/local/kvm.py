"""Whether KVM runs guests on this host: asked once, and kept where every process reads the answer.

`/dev/kvm` may exist and not work, as in many rented machines, so KVM counts only after it really
ran a guest: a boot sector that says a word and ends. The answer holds for what it was asked of:
this boot, this QEMU, these rights.
"""

import fcntl
import json
import os
import select
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal, cast, get_args

from imsconsole.engine.conversion.limits import CLEAN_ENVIRONMENT, RunAs, missing_programs, wrapped
from imsconsole.engine.local import probe
from imsconsole.engine.local.state import this_boot
from imsconsole.engine.types import MIB

Wanted = Literal["auto", "kvm", "tcg"]

KVM = Path("/dev/kvm")
ANSWER = "kvm.json"
SILENCE_LIMIT_S = 2.0
NO_HOLDS_S = 3600  # a host that was too busy to answer in time is asked again
WORD = b"IMS-PROBE"
DISK_BYTES = MIB  # the firmware boots from no disk of a single sector


def kvm_groups() -> tuple[int, ...]:
    """The group that may open /dev/kvm; guests need it beside their own."""
    return (KVM.stat().st_gid,) if KVM.exists() and KVM.stat().st_gid else ()


@dataclass(frozen=True)
class Accelerator:
    """What guests of `user` run with. `folder` keeps the answer for all processes and regions of this host."""

    folder: Path
    user: RunAs
    wanted: Wanted = "auto"

    def __post_init__(self) -> None:
        if self.wanted not in get_args(Wanted):
            raise ValueError(f"not an accelerator: {self.wanted!r}")

    def known(self) -> str:
        """`kvm`, `tcg`, or `unknown` until somebody has asked. Waits for nothing."""
        if self.wanted != "auto":
            return self.wanted
        if not KVM.exists() or missing_programs(probe.QEMU):
            return "tcg"
        works = self._kept()
        return "unknown" if works is None else "kvm" if works else "tcg"

    def asked(self) -> str:
        """`kvm` or `tcg`. Who asks first waits SILENCE_LIMIT_S where KVM hangs; who asks meanwhile waits for that."""
        if (known := self.known()) != "unknown":
            return known
        with _alone(self.folder):
            works = self._kept()
            if works is None:
                works = runs_a_guest(self.user, "kvm")
                self._keep(works)
        return "kvm" if works else "tcg"

    def _kept(self) -> bool | None:
        """The kept answer; None when there is none that still holds."""
        try:
            kept = json.loads((self.folder / ANSWER).read_bytes())
            works, age_s = bool(kept["works"]), _uptime_s() - float(kept["asked_at_uptime_s"])
            holds = kept["of"] == self._asked_of() and (works or age_s < NO_HOLDS_S)
        except (OSError, ValueError, TypeError, KeyError):
            return None
        return works if holds else None

    def _keep(self, works: bool) -> None:
        """A full disk keeps no answer, and no guest from starting."""
        new = self.folder / f"{ANSWER}.new"
        with suppress(OSError):
            answer = {"works": works, "asked_at_uptime_s": _uptime_s(), "of": self._asked_of()}
            new.write_text(json.dumps(answer, indent=1))
            new.replace(self.folder / ANSWER)

    def _asked_of(self) -> dict[str, Any]:
        """What the answer depends on. Another version of QEMU is another file."""
        qemu = Path(shutil.which(probe.QEMU) or probe.QEMU).resolve().stat()
        device = KVM.stat()
        return {
            "boot": this_boot(),
            "qemu": [qemu.st_ino, qemu.st_size, qemu.st_mtime_ns],
            "device": [device.st_mode, device.st_uid, device.st_gid],
            "user": [self.user.uid, self.user.gid, *([] if self.user.switch else sorted(os.getgroups()))],
        }


def _uptime_s() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One process at a time."""
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(number, fcntl.LOCK_EX)
        yield
    finally:
        os.close(number)


def runs_a_guest(user: RunAs, accelerator: str) -> bool:
    """Whether QEMU runs a guest with `kvm` or `tcg`: whether its word is heard before a silence."""
    disk = os.memfd_create("ims-probe")
    try:
        os.write(disk, probe.boot_sector(WORD.decode()).ljust(DISK_BYTES, b"\0"))
        with subprocess.Popen(
            wrapped(_command(disk, accelerator), user, dies_with_us=True, groups=kvm_groups()),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=CLEAN_ENVIRONMENT,
            pass_fds=(disk,),
        ) as process:
            try:
                return _hears(cast("IO[bytes]", process.stdout))
            finally:
                process.kill()
    finally:
        os.close(disk)


def _command(disk: int, accelerator: str) -> list[str]:
    command = [probe.QEMU, "-nodefaults", "-no-user-config", "-no-reboot", "-display", "none"]
    command += ["-machine", "q35", "-accel", accelerator, "-m", "32", "-serial", "stdio"]
    node = f"driver=raw,node-name=disk,read-only=on,file.driver=file,file.filename=/proc/self/fd/{disk}"
    return [*command, "-blockdev", node, "-device", "virtio-blk-pci,drive=disk"]


def _hears(stream: IO[bytes]) -> bool:
    ready, heard = select.poll(), b""
    ready.register(stream, select.POLLIN)
    while ready.poll(SILENCE_LIMIT_S * 1000) and (some := os.read(stream.fileno(), 4096)):
        heard = heard[-len(WORD) :] + some
        if WORD in heard:
            return True
    return False
