"""A whole console, set up and served as `make run` does it, in a process tree and data folder of its own."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "flow-password-1"
CHROMIUM: dict[str, Any] = {
    "executable_path": "/usr/bin/chromium-headless-shell",
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


@dataclass(frozen=True)
class Console:
    """A running console: its address, data folder and environment."""

    url: str
    data: Path
    environment: dict[str, str]

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


@contextmanager
def running_console() -> Iterator[Console]:
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
        "IMS_LOGIN_RATE": "1000/m/ip",
        "IMS_LOGIN_FAILED_RATE": "1000/m/ip",
    }
    running = Console(f"http://localhost:{port}", data, environment)
    running.manage("set_up")
    with data.with_suffix(".log").open("wb") as log:
        tree = subprocess.Popen(
            [ROOT / ".venv/bin/honcho", "-f", "imsconsole/Procfile", "start"],
            cwd=ROOT,
            env=environment,
            stdout=log,
            stderr=log,
        )
    try:
        wait_for(lambda: answers(running.url + "/accounts/login/"), "the console does not answer")
        yield running
    finally:
        tree.terminate()
        tree.wait(30)
        running.manage("stop_guests")
        shutil.rmtree(data, ignore_errors=True)
        data.with_suffix(".log").unlink()


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


def wait_for(condition: Callable[[], Any], failure: str, patience_s: float = 60) -> Any:
    """Wait until `condition` gives something true, and return it."""
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.25)
    raise AssertionError(failure)
