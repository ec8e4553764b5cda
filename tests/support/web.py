"""The real web server, `manage.py run_web`, on the test's database and data folder: to be killed and started again."""

import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

from django.conf import settings

from tests.support.console import free_port
from tests.support.processes import children_of
from tests.support.workers import until, worker_environment


class WebServer:
    """With `with`: serves at `url` until the end. Needs `@pytest.mark.django_db(transaction=True)`."""

    def __init__(self, **environment: str) -> None:
        self.environment = environment
        self.port = free_port()
        self.url = f"http://localhost:{self.port}"

    def __enter__(self) -> "WebServer":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self) -> None:
        """Start, and wait until it answers."""
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "run_web"],
            cwd=settings.BASE_DIR,
            env={
                **worker_environment(),
                "IMS_PORT": str(self.port),
                "IMS_LOG_LEVEL": "WARNING",
                **self.environment,
            },
            stdin=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until(lambda: answers(self.url) or self.process.poll() is not None, "the web server answered")
        assert self.process.poll() is None, "the web server has ended"

    def kill_workers(self) -> None:
        """SIGKILL to the processes that serve; gunicorn starts others at once."""
        pids = children_of(self.process.pid)
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        until(
            lambda: len(set(children_of(self.process.pid)) - set(pids)) == len(pids),
            "others were started",
        )
        until(lambda: answers(self.url), "the web server answered")

    def restart(self) -> None:
        """As after a crash of the host's whole service."""
        self.kill()
        self.start()

    def kill(self) -> None:
        """SIGKILL, the master and every worker; wait until they are gone."""
        pids = [self.process.pid, *children_of(self.process.pid)]
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        self.process.wait()
        until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids), "gunicorn is gone")


def answers(url: str) -> bool:
    """Whether a page comes, whatever it says: that no worker runs is no matter here."""
    try:
        with urllib.request.urlopen(f"{url}/healthz", timeout=5):
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
