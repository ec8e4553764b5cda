"""A Debian with a real systemd on this machine: a container of systemd-nspawn in this host's network."""

import os
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.processes import children_of
from tests.support.workers import until

KEPT = Path.home() / ".cache" / "ims-console"
SUITE = "bookworm"
PACKAGES = "systemd,systemd-sysv,ca-certificates,curl"
PROGRAMS = ("mmdebstrap", "systemd-nspawn", "nsenter")


@dataclass(frozen=True)
class Machine:
    """It runs as long as process `leader`, its init."""

    root: Path
    leader: int

    def run(self, command: str, *, is_well: bool = True) -> str:
        """What a shell command of its root's printed, errors too."""
        inside = ["nsenter", "-t", str(self.leader), "-m", "-u", "-i", "-n", "-p", "-C", "-r", "-w"]
        clean = [
            "env",
            "-i",
            "HOME=/root",
            "LC_ALL=C.UTF-8",
            "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        ]
        done = subprocess.run(
            [*inside, *clean, "sh", "-ec", command],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert not is_well or done.returncode == 0, f"{command}\n{done.stdout}"
        return done.stdout

    def journal(self) -> str:
        return self.run("journalctl --no-pager -o cat -u 'ims-console*' | tail -n 100")


def debian() -> Path:
    """A minimal Debian as a tar file, made of its packages once and kept."""
    kept = KEPT / f"debian-{SUITE}.tar"
    if not kept.exists():
        part = kept.with_suffix(f".{os.getpid()}.tar")
        subprocess.run(
            ["mmdebstrap", "--quiet", "--variant=apt", f"--include={PACKAGES}", SUITE, part], check=True
        )
        part.rename(kept)
    return kept


def why_no_machine() -> str:
    """Why this machine cannot have one inside; empty when it may."""
    if os.geteuid() != 0:
        return "it takes root"
    if missing := [name for name in PROGRAMS if not shutil.which(name)]:
        return f"{', '.join(missing)} not installed (make test-deploy does)"
    return ""


@contextmanager
def booted(*shared: Path) -> Iterator[Machine]:
    """Boot one, which sees the folders `shared` where we do, and change nothing there; gone afterwards."""
    if reason := why_no_machine():
        pytest.skip(f"no deploy: {reason}")
    folder = Path(tempfile.mkdtemp(prefix="ims-machine-"))
    root = folder / "root"
    root.mkdir()
    subprocess.run(["tar", "-xf", debian(), "-C", root, "--exclude=./dev/*"], check=True)
    command = [
        "systemd-nspawn",
        "--quiet",
        "-D",
        root,
        "--register=no",
        "--keep-unit",
        "--boot",
        "--console=pipe",
    ]
    command += [
        "--machine",
        f"ims-{secrets.token_hex(4)}",
        "--resolv-conf=replace-host",
        "--bind-ro=/etc/hosts",
    ]
    command += [f"--bind-ro={path}" for path in shared]
    with (folder / "said").open("wb") as said:
        nspawn = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=said, stderr=said)
    try:
        machine = Machine(root, _leader(nspawn, folder / "said"))
        yield machine
    finally:
        _power_off(nspawn)
        shutil.rmtree(folder, ignore_errors=True)


def _leader(nspawn: "subprocess.Popen[bytes]", said: Path) -> int:
    """The process ID of its init, once it has started what a boot starts."""

    def is_up() -> bool:
        if nspawn.poll() is not None:
            pytest.skip(f"no deploy: systemd-nspawn cannot boot here: {said.read_text()[-300:]}")
        if not (found := children_of(nspawn.pid)):
            return False
        state = Machine(Path("/"), found[0]).run("systemctl is-system-running", is_well=False)
        return state.strip() in ("running", "degraded")

    until(is_up, "the machine has booted")
    return children_of(nspawn.pid)[0]


def _power_off(nspawn: "subprocess.Popen[bytes]") -> None:
    with suppress(OSError):  # it has ended by itself
        for leader in children_of(nspawn.pid):
            os.kill(leader, signal.SIGRTMIN + 4)
    try:
        nspawn.wait(60)
    except subprocess.TimeoutExpired:
        nspawn.kill()
        nspawn.wait()
