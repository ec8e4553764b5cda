"""manage.py run_worker: the workers of both queues and the clock; restarts those that die."""

import os
import signal
import socket
import subprocess
import sys
import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

PATIENCE_S = 3.0


class Command(BaseCommand):
    help = (
        "Run the workers of both queues and the clock, and restart those that die. Any number of hosts may."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._stop)
        self.commands = self._commands()
        self.children: dict[str, subprocess.Popen[bytes]] = {}
        try:
            while True:
                self._start_missing()
                time.sleep(0.5)
        finally:
            self._end_all()

    @staticmethod
    def _commands() -> dict[str, list[str]]:
        queues = ["quick"] * settings.IMS_QUICK_WORKERS + ["bulk"] * settings.IMS_BULK_WORKERS
        workers = {
            f"{queue}-{number}": [
                "db_worker",
                "--queue-name",
                queue,
                "--interval",
                "0.5",
                "--no-startup-delay",
                "--no-reload",
                "-v0",
            ]
            for number, queue in enumerate(queues)
        }
        return {**workers, "clock": ["run_clock"]}

    def _start_missing(self) -> None:
        for name, command in self.commands.items():
            child = self.children.get(name)
            if child is not None and child.poll() is None:
                continue
            if child is not None:
                self.stderr.write(f"{name} ended with {child.returncode}; starting it again")
            self.children[name] = self._spawn(name, command)

    @staticmethod
    def _spawn(name: str, command: list[str]) -> subprocess.Popen[bytes]:
        worker_id = f"{socket.gethostname()[:30]}-{os.getpid()}-{name}-{int(time.time())}"[:64]
        extra = ["--worker-id", worker_id] if command[0] == "db_worker" else []
        # setpriv: no worker outlives its supervisor
        return subprocess.Popen(
            ["setpriv", "--pdeathsig", "TERM", sys.executable, "manage.py", *command, *extra],
            cwd=settings.BASE_DIR,
            stdin=subprocess.DEVNULL,
        )

    @staticmethod
    def _stop(number: int, frame: Any) -> None:
        raise SystemExit(0)

    def _end_all(self) -> None:
        """Ask once; ask again, which gives a running job back to the queue; then kill."""
        for number, patience in (
            (signal.SIGTERM, PATIENCE_S),
            (signal.SIGTERM, PATIENCE_S),
            (signal.SIGKILL, 1.0),
        ):
            for child in self.children.values():
                if child.poll() is None:
                    child.send_signal(number)
            deadline = time.monotonic() + patience
            while time.monotonic() < deadline and any(
                child.poll() is None for child in self.children.values()
            ):
                time.sleep(0.05)
