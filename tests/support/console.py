"""A whole console, set up and served as `make run` does it, in a process tree and data folder of its own."""

import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
KEPT = Path.home() / ".cache" / "ims-console"
PASSWORD = "flow-password-1"
CHROMIUM: dict[str, Any] = {
    "executable_path": Path(__file__).with_name("chromium.py"),
    "args": [
        "--no-sandbox",
        "--disable-dev-shm-usage",
        "--disable-gpu",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--no-first-run",
    ],
}
# runs what comes on a line and answers with what it printed; a clock that was moved stands right again afterwards
SHELL = """
import contextlib, io, json, sys
import django
from imsconsole.core.collecting import collect_seldom
collect_seldom()
django.setup()
from imsconsole.core import now as clock
for line in sys.stdin:
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(json.loads(line), {})
    clock.reset()
    print(json.dumps(printed.getvalue()), flush=True)
"""
# `manage.py serve`; with a folder for it, its workers do not wait for what takes QEMU's programs long in tests
SERVE = """
import runpy, sys
from pathlib import Path
from tests.support.hurried import hurry
for folder in sys.argv[1:]:
    hurry(Path(folder))
sys.argv = ["manage.py", "serve"]
runpy.run_path("manage.py", run_name="__main__")
"""


@dataclass(frozen=True)
class Console:
    """A running console: its address, data folder and environment."""

    url: str
    data: Path
    environment: dict[str, str]
    shells: "list[subprocess.Popen[str]]" = field(default_factory=list)

    def manage(self, *arguments: str) -> str:
        """Run manage.py; returns what it printed."""
        ended = subprocess.run(
            [ROOT / ".venv/bin/python", "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout

    def python(self, words: str) -> str:
        """Run a piece of Python in the console's own environment; what it printed. One process does all of them."""
        shell = self.shells[0] if self.shells else self._shell()
        assert shell.stdin is not None
        assert shell.stdout is not None
        shell.stdin.write(f"{json.dumps(words)}\n")
        shell.stdin.flush()
        printed = shell.stdout.readline()
        assert printed, "it ended with an error"
        return str(json.loads(printed))

    def _shell(self) -> "subprocess.Popen[str]":
        self.shells.append(
            subprocess.Popen(
                [ROOT / ".venv/bin/python", "-c", SHELL],
                cwd=ROOT,
                env={**self.environment, "DJANGO_SETTINGS_MODULE": "imsconsole.settings"},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        )
        return self.shells[0]

    def cut_power(self, server: str = "*") -> None:
        """End a guest, or all, at once: nobody looks at it any more, and each that runs costs the others time."""
        for noted in self.data.glob(f"regions/*/servers/{server}/run/pid"):
            guest = f"guest={noted.parents[1].name}"
            with suppress(OSError, ValueError):  # it has ended
                pid = int(noted.read_text())
                if guest in Path(f"/proc/{pid}/cmdline").read_text():
                    os.kill(pid, signal.SIGKILL)


@contextmanager
def running_console(**settings: str) -> Iterator[Console]:
    """Set the demo up in a folder of its own, serve it, and take all of it away in the end."""
    data = Path(tempfile.mkdtemp(prefix="ims-flow-"))
    data.chmod(0o755)
    port = free_port()
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("IMS_", "DJANGO_"))},
        "IMS_DATA_DIR": str(data),
        "IMS_PORT": str(port),
        "IMS_SCREEN_PORT": str(free_port()),
        "IMS_DEMO_PASSWORD": PASSWORD,
        "IMS_DEMO_DEBIAN": "0",
        "IMS_GUEST_NETWORK": "user",
        "IMS_STOP_TIMEOUT_S": "10",
        "IMS_BOOT_CHECK_S": "5",
        "IMS_QUICK_WORKERS": "1",
        "IMS_BULK_WORKERS": "1",
        "IMS_QUOTA_IMAGES": "1000",  # all journeys share a project
        "IMS_SIGN_IN_TRIES": "1000",
        "IMS_IMPORT_HOSTS": "localhost",  # where tests serve files
        **settings,
    }
    running = Console(f"http://localhost:{port}", data, environment)
    furnish(running)
    try:
        with served(running):
            yield running
            running.cut_power()
    finally:
        running.cut_power()
        shutil.rmtree(data, ignore_errors=True)


@contextmanager
def served(console: Console) -> Iterator["subprocess.Popen[bytes]"]:
    """Its `manage.py serve`, once it answers."""
    run = os.environ.get("IMS_TEST_DIR")
    with console.data.with_suffix(".log").open("wb") as log:
        process = subprocess.Popen(
            [ROOT / ".venv/bin/python", "-c", SERVE, *([run] if run else [])],
            cwd=ROOT,
            env=console.environment,
            stdout=log,
            stderr=log,
        )
    try:
        wait_for(lambda: answers(console.url + "/accounts/login/"), "the console does not answer")
        yield process
    finally:
        process.terminate()
        for shell in console.shells:
            shell.communicate(timeout=60)
        process.wait(30)
        console.data.with_suffix(".log").unlink()


def furnish(console: Console) -> None:
    """Set the demo up, once for all processes of a run of the tests: the others take a copy of its folder."""
    run = os.environ.get("IMS_TEST_DIR")
    if run is None:
        set_up(console)
        return
    furnished = Path(run) / "furnished"
    with (Path(run) / "furnished.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not furnished.exists():
            set_up(console)
            copy(console.data, part := furnished.with_suffix(".part"))
            part.rename(furnished)
            return
    copy(furnished, console.data)


def set_up(console: Console) -> None:
    """As `make run` does; what it builds for the images of the demo is kept for the next time."""
    KEPT.mkdir(parents=True, exist_ok=True)
    (console.data / "cache").symlink_to(KEPT)
    console.manage("set_up")
    (console.data / "cache").unlink(missing_ok=True)


def copy(source: Path, target: Path) -> None:
    """A folder with all that is in it."""
    subprocess.run(["cp", "-a", "--reflink=auto", "--sparse=always", "-T", source, target], check=True)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def wait_for(condition: Callable[[], Any], failure: str, patience_s: float = 240) -> Any:
    """Wait until `condition` gives something true, and return it."""
    deadline, pause_s = time.monotonic() + patience_s, 0.1
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(pause_s)
        pause_s = min(1.0, pause_s * 1.5)  # to ask is work for those who are waited for
    raise AssertionError(failure)
