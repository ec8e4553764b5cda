"""A whole `manage.py serve`: what runs in it, how it ends, and what becomes of it when something in it dies."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError

from imsconsole.core.folders import left_behind
from imsconsole.jobs.models import Job
from tests.support.console import free_port, wait_for
from tests.support.processes import children_of, is_alive, name_of
from tests.support.web import answers
from tests.support.workers import supervisor, until, worker_environment

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.slow(reason="whole consoles start, are killed and waited for"),
]
NAMES = ["ims-web", "ims-web", "ims-web", "ims-screens", "ims-quick-0", "ims-bulk-1", "ims-clock"]


class Served:
    """A console that is being served, from outside."""

    def __init__(self, process: "subprocess.Popen[bytes]", port: int, screen_port: int) -> None:
        self.process, self.port, self.screen_port = process, port, screen_port

    def all(self) -> list[int]:
        """Every process of it but the one that was started."""
        found = children_of(self.process.pid)
        for pid in found:
            with suppress(FileNotFoundError):  # it has just ended
                found += children_of(pid)
        return found

    def names(self) -> dict[int, str]:
        """Of all that live; of two of one name the first is the other's parent."""
        names = {}
        for pid in filter(is_alive, self.all()):
            with suppress(FileNotFoundError):
                names[pid] = name_of(pid)
        return names

    def one(self, name: str) -> int:
        return next(pid for pid, found in self.names().items() if found == f"ims-{name}")

    def runs(self) -> bool:
        return sorted(self.names().values()) == sorted(NAMES) and is_reachable(self.screen_port)


def is_reachable(port: int) -> bool:
    with socket.socket() as line:
        return line.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def served() -> Iterator[Served]:
    port, screen_port = free_port(), free_port()
    ports = {"IMS_PORT": str(port), "IMS_SCREEN_PORT": str(screen_port)}
    with supervisor("serve", IMS_QUICK_WORKERS="1", IMS_BULK_WORKERS="1", **ports) as process:
        console = Served(process, port, screen_port)
        until(lambda: answers(f"http://127.0.0.1:{port}"), "pages come")
        wait_for(console.runs, "everything runs")
        yield console


def test_what_is_killed_runs_again_and_leaves_no_folder_and_nobody_is_turned_away(
    subtests: pytest.Subtests,
) -> None:
    """Each process has a folder of its own for temporary files until it ends. At last there is Ctrl-C."""
    with served() as console:
        shared = locked_by(console.process.pid)
        own = {pid: locked_by(pid) - shared for pid in children_of(console.process.pid)}
        assert [len(folders) for folders in own.values()] == [1] * len(own)
        assert len(set.union(*own.values())) == len(own)

        for name in ("web", "screens", "quick-0", "clock"):
            with subtests.test(name):
                os.kill(doomed := console.one(name), signal.SIGKILL)

                until(lambda pid=doomed: not is_alive(pid), "it is dead")
                assert is_reachable(console.port)
                assert is_reachable(console.screen_port)
                until(
                    lambda pid=doomed: own[pid] <= set(left_behind(settings.TEMP_DIR)),
                    "what it left can be removed",
                )
                wait_for(console.runs, "it runs again")
                assert answers(f"http://127.0.0.1:{console.port}")

        worker = console.one("bulk-1")
        os.kill(worker, signal.SIGTERM)
        until(lambda: not is_alive(worker), "it ended")
        assert not any(folder.exists() for folder in own[worker])
        wait_for(console.runs, "all run again")

        everything = console.all()
        assert [pid for pid in everything if os.getpgid(pid) == os.getpgid(console.process.pid)] == []
        os.killpg(
            console.process.pid, signal.SIGINT
        )  # all processes of the terminal: ours is the only one there
        assert console.process.wait() == 0
        assert [pid for pid in everything if is_alive(pid)] == []


def locked_by(pid: int) -> set[Path]:
    """The folders for temporary files that a process holds."""
    held = {Path(os.readlink(number)) for number in Path(f"/proc/{pid}/fd").iterdir() if number.is_symlink()}
    return {path for path in held if path.parent == settings.TEMP_DIR}


def test_nothing_outlives_its_killed_parent_but_a_job_which_keeps_no_port(
    start: Callable[..., Job], tmp_path: Path
) -> None:
    with served() as console:
        job = start(waits=True)
        until(lambda: Job.objects.filter(pk=job.pk, state="running", bytes_done__gt=0).exists(), "it works")
        everything, worker = console.all(), console.one("bulk-1")

        console.process.kill()

        until(lambda: [pid for pid in everything if is_alive(pid)] == [worker], "all others ended")
        assert not is_reachable(console.port)
        assert not is_reachable(console.screen_port)
        (tmp_path / "go").touch()
        until(lambda: not is_alive(worker), "the worker ended its job, and itself")
        job.refresh_from_db()
        assert (job.state, job.attempt) == ("done", 1)


def test_a_port_that_is_taken_is_named() -> None:
    with port_taken() as port:
        ended = subprocess.run(
            [sys.executable, "manage.py", "serve"],
            cwd=settings.BASE_DIR, capture_output=True, text=True,
            env={**worker_environment(), "IMS_PORT": str(free_port()), "IMS_SCREEN_PORT": str(port)},
        )  # fmt: skip
    assert ended.returncode == 1
    sentence = (
        f"cannot listen on 127.0.0.1:{port} (Address already in use). Set IMS_SCREEN_PORT to a free port."
    )
    assert ended.stderr.startswith("CommandError: The ")
    assert ended.stderr.endswith(f"{sentence}\n")
    assert ended.stderr.count("\n") == 1


@pytest.mark.parametrize("command", ["serve", "run_web", "run_screens"])
def test_no_command_listens_where_it_cannot(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says so before anything else begins."""
    name = "IMS_SCREEN_PORT" if command == "run_screens" else "IMS_PORT"
    with port_taken() as port:
        monkeypatch.setattr(settings, name, port)
        sentence = f" cannot listen on 127.0.0.1:{port} (Address already in use). Set {name} to a free port."
        with pytest.raises(CommandError, match=re.escape(sentence)):
            call_command(command, **({"port": port} if command == "run_screens" else {}))


@contextmanager
def port_taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        yield holder.getsockname()[1]


def test_an_address_that_is_not_ours_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "IMS_BIND", "192.0.2.1")
    with pytest.raises(CommandError, match=r"The console cannot listen on 192\.0\.2\.1:"):
        call_command("serve")
