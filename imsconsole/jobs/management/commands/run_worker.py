"""manage.py run_worker: the workers of both queues and the clock; restarts those that die."""

import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

PATIENCE_S = 3.0
STARTS_APART_S = 2.0  # what cannot start is not started more often
WORKER = ("db_worker", "--interval", "0.5", "--no-startup-delay", "--no-reload", "-v0")


@dataclass
class Child:
    """A process that is to run, and its latest incarnation."""

    name: str
    command: tuple[str, ...]
    started_at: float = float("-inf")
    process: "subprocess.Popen[bytes] | None" = field(default=None)

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def start(self) -> None:
        """Start it; `setpriv` asks it to end should we die without a word."""
        command = [sys.executable, "manage.py", *self.command]
        if self.command[0] == "db_worker":
            host = socket.gethostname()[:24]
            command += ["--worker-id", f"{host}-{os.getpid()}-{self.name}-{time.time_ns()}"[:64]]
        self.started_at = time.monotonic()
        self.process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "TERM", *command],
            cwd=settings.BASE_DIR,
            stdin=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C reaches us alone
        )

    def signal(self, number: int) -> None:
        if self.process is not None and self.is_running:
            self.process.send_signal(number)


class Command(BaseCommand):
    help = (
        "Run the workers of both queues and the clock, and restart those that die. Any number of hosts may."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._stop)
        queues = ["quick"] * settings.IMS_QUICK_WORKERS + ["bulk"] * settings.IMS_BULK_WORKERS
        self.children = [
            Child(f"{queue}-{number}", (*WORKER, "--queue-name", queue))
            for number, queue in enumerate(queues)
        ]
        self.children.append(Child("clock", ("run_clock",)))
        try:
            while True:
                self._start_missing()
                time.sleep(0.2)
        finally:
            self._end_all()

    def _start_missing(self) -> None:
        for child in self.children:
            if child.is_running or time.monotonic() - child.started_at < STARTS_APART_S:
                continue
            if child.process is not None:
                self.stderr.write(f"{child.name} ended with {child.process.returncode}; starting it again")
            child.start()

    @staticmethod
    def _stop(number: int, frame: Any) -> None:
        raise SystemExit(0)

    def _end_all(self) -> None:
        """Ask once; ask again, which gives a running job back to the queue; then kill."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        for number in (signal.SIGTERM, signal.SIGTERM, signal.SIGKILL):
            for child in self.children:
                child.signal(number)
            deadline = time.monotonic() + PATIENCE_S
            while time.monotonic() < deadline and any(child.is_running for child in self.children):
                time.sleep(0.05)
