"""A whole console, set up and served as `make run` does it, and browsers to drive it."""

import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from playwright.sync_api import Browser, BrowserContext, Page, expect

ROOT = Path(settings.BASE_DIR)
PASSWORD = "flow-password-1"
PATIENCE_MS = 60_000
expect.set_options(timeout=PATIENCE_MS)


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


@pytest.fixture(scope="session")
def console() -> Iterator[Console]:
    """The demo, with web server and workers in a process tree of its own."""
    data = Path(tempfile.mkdtemp(prefix="ims-flow-"))
    data.chmod(0o755)
    port = free_port()
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("IMS_", "DJANGO_"))},
        "IMS_DATA_DIR": str(data),
        "IMS_PORT": str(port),
        "IMS_DEMO_PASSWORD": PASSWORD,
        "IMS_GUEST_NETWORK": "user",
        "IMS_STOP_TIMEOUT_S": "10",
        "IMS_LOGIN_RATE": "1000/m/ip",
        "IMS_LOGIN_FAILED_RATE": "1000/m/ip",
    }
    running = Console(f"http://localhost:{port}", data, environment)
    running.manage("set_up")
    with (data / "console.log").open("wb") as log:
        tree = subprocess.Popen(
            [ROOT / ".venv/bin/honcho", "-f", "imsconsole/Procfile", "start"],
            cwd=ROOT,
            env=environment,
            stdout=log,
            stderr=log,
        )
    try:
        wait_for(lambda: answers(running.url + "/healthz"), "the console does not answer")
        yield running
    finally:
        tree.terminate()
        tree.wait(30)
        running.manage("stop_guests")
        shutil.rmtree(data, ignore_errors=True)


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


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    return {
        **browser_type_launch_args,
        "executable_path": "/usr/bin/chromium",
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
class Visitor:
    """Somebody at a browser. Every page they look at is checked for accessibility and broken scripts."""

    page: Page
    url: str
    troubles: list[str]
    scripts: bool = True

    def open(self, path: str) -> Page:
        self.page.goto(self.url + path)
        self.look()
        return self.page

    def sign_in(self, name: str) -> Page:
        self.open("/accounts/login/")
        self.page.locator("input[name=login]").fill(name)
        self.page.locator("input[name=password]").fill(PASSWORD)
        self.page.locator("input[name=password]").press("Enter")
        self.page.wait_for_url(f"{self.url}/")
        return self.page

    def send(self, button: str = "main form[method=post] button[type=submit]") -> None:
        """Press the page's (last) button that sends its form, and look at what comes."""
        self.page.locator(button).last.click()
        self.page.wait_for_load_state("load")
        self.look()

    def look(self) -> None:
        """axe finds nothing, nothing is wider than the window, no script was refused."""
        if self.scripts:
            found = Axe().run(self.page).response["violations"]
            shown = [
                f"{one['id']}: {one['help']} {[node['html'] for node in one['nodes']][:3]}" for one in found
            ]
            assert shown == [], self.page.url
            width = self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
            assert width <= 0, f"{self.page.url} is {width} px too wide"
        assert self.troubles == [], self.page.url


@pytest.fixture
def visitor(browser: Browser, console: Console) -> Iterator[Callable[..., Visitor]]:
    """Makes visitors: `visitor(java_script_enabled=False, locale="zh-CN", …)`."""
    contexts: list[BrowserContext] = []

    def make(**options: Any) -> Visitor:
        context = browser.new_context(
            # without motion: axe would measure the colours of a notice that is still fading in
            **{"viewport": {"width": 1440, "height": 900}, "reduced_motion": "reduce", **options}
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        troubles: list[str] = []
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("console", lambda message: troubles.append(message.text) if refused(message.text) else None)
        return Visitor(page, console.url, troubles, options.get("java_script_enabled", True))

    yield make
    for context in contexts:
        context.close()


def refused(text: str) -> bool:
    return bool(re.search(r"Content Security Policy|Uncaught|Failed to load resource", text))
