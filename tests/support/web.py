"""A real gunicorn on the test's database and data folder, as `Procfile` starts it: to be killed and started again."""

import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

from django.conf import settings

from tests.support.workers import children_of, until, worker_environment


class WebServer:
    """With `with`: serves at `url` until the end. Needs `@pytest.mark.django_db(transaction=True)`."""

    def __init__(self, processes: int = 2) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.url = f"http://localhost:{self.port}"
        self.processes = processes

    def __enter__(self) -> "WebServer":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self) -> None:
        """Start, and wait until it answers."""
        options = (
            f"--bind 127.0.0.1:{self.port} --worker-class gthread --workers {self.processes} --threads 8"
        )
        self.process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "imsconsole.wsgi", *options.split(),
             "--preload", "--timeout", "3600", "--no-control-socket", "--log-level", "warning"],
            cwd=settings.BASE_DIR,
            env={**worker_environment(), "DJANGO_SETTINGS_MODULE": "imsconsole.settings"},
            stdin=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        until(self._answers, "gunicorn answered")

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/static/img/favicon.svg", timeout=5):
                return True
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False

    def kill_workers(self) -> None:
        """SIGKILL to the processes that serve; gunicorn starts others at once."""
        pids = children_of(self.process.pid)
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        until(
            lambda: len(set(children_of(self.process.pid)) - set(pids)) == self.processes,
            "others were started",
        )
        until(self._answers, "gunicorn answered")

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
