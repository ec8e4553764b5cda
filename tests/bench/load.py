"""How many pages a second several people get at once, alone, while disks are imported, and beside slow connections."""

import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

from django.conf import settings

from images.create.rules import Import
from images.create.services import import_image
from images.models import Image
from imsconsole.accounts.actor import actor_for
from imsconsole.accounts.models import Project, User
from imsconsole.engine.types import MIB
from imsconsole.jobs.models import Job
from tests.bench.figures import Figure
from tests.bench.fill import PROJECT
from tests.bench.pages import PRIVATE
from tests.bench.site import Visitor, p95, signed_in
from tests.images.create.importing import uploaded
from tests.support.web import WebServer, answers
from tests.support.workers import worker_environment

CLIENTS = 8
SECONDS = 5
IMPORT_MIB = 2048
SLOW = 500
HALVES = (
    b"",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nCookie: a",
    b"POST /accounts/login/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    b"Content-Length: 5000\r\n\r\nlogin=",
    b"GET /accounts/login/ HTTP/1.1\r\nHost: localhost\r\n\r\n",
)


def figures(size: str) -> list[Figure]:
    with WebServer() as server:
        _client, visitor, prefix = signed_in(server.url)
        alone = _load(visitor, prefix + PRIVATE)
        with _importing(2):
            beside = _load(visitor, prefix + PRIVATE)
        with _stalled(server):
            healthy = _healthz(server)
            amid = visitor.times(prefix + PRIVATE)
    how = f"{size}, {CLIENTS} clients"
    return [
        Figure("pages of the list", len(alone) / SECONDS, "a second", 40, is_least=True, how=how),
        Figure(
            "pages of the list, p95",
            p95(alone),
            "ms",
            400,
            how=f"{how}, median {statistics.median(alone):.0f}",
        ),
        Figure(
            "the same while two disks are imported",
            len(beside) / SECONDS,
            "a second",
            15,
            is_least=True,
            how=how,
        ),
        Figure(
            "/healthz beside slow connections", max(healthy), "ms", 1000, how=f"slowest, {SLOW} connections"
        ),
        Figure("a page beside slow connections", max(amid), "ms", 1000, how=f"slowest, {SLOW} connections"),
    ]


@contextmanager
def _stalled(server: WebServer) -> Iterator[None]:
    """So many connections, of ten addresses, that say nothing, half of something, or read no answer."""
    with ExitStack() as stack:
        for number in range(SLOW):
            source = (f"127.0.0.{2 + number % 10}", 0)
            line = socket.create_connection(("127.0.0.1", server.port), source_address=source)
            stack.enter_context(line).sendall(HALVES[number % len(HALVES)])
        yield


def _healthz(server: WebServer) -> list[float]:
    """Milliseconds; what it says is no matter here."""
    times = []
    for _ in range(20):
        started = time.perf_counter()
        answers(server.url)
        times.append((time.perf_counter() - started) * 1000)
    return times


def _load(visitor: Visitor, url: str) -> list[float]:
    """Milliseconds of all requests that are answered in that time."""
    visitor.times(url, runs=10)
    end = time.monotonic() + SECONDS

    def client(_number: int) -> list[float]:
        times = []
        while time.monotonic() < end:
            times.append(visitor.get(url).ms)
        return times

    with ThreadPoolExecutor(CLIENTS) as pool:
        return [ms for times in pool.map(client, range(CLIENTS)) for ms in times]


@contextmanager
def _importing(count: int) -> Iterator[None]:
    """So many imports of random bytes are going on, which take longer than what is measured."""
    source = Path(settings.DATA_DIR) / "bench-import.raw"
    _fill(source)
    actor = actor_for(User.objects.get(username=PROJECT), Project.objects.get(name=PROJECT))
    assert actor
    for _number in range(count):
        order = Import(
            uploaded(actor, source), f"bench-import-{time.time_ns()}", Image.Type.DATA, min_disk_gb=10
        )
        import_image(order, actor=actor)
    workers = [
        subprocess.Popen(
            [sys.executable, "manage.py", "db_worker", "--queue-name", "bulk", "--no-startup-delay", "--no-reload"],
            cwd=settings.BASE_DIR, env=worker_environment(), stdin=subprocess.DEVNULL,
        )
        for _ in range(count)
    ]  # fmt: skip
    try:
        while Job.objects.filter(state=Job.State.RUNNING).count() < count:
            time.sleep(0.05)
        yield
        if Job.objects.filter(state=Job.State.RUNNING).count() < count:
            raise SystemExit("The imports ended before the measurement did; make them larger.")
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()
        source.unlink(missing_ok=True)


def _fill(path: Path) -> None:
    """With a partition table in front, or it is no disk."""
    with path.open("wb") as file:
        for _ in range(IMPORT_MIB):
            file.write(os.urandom(MIB))
    label = {"input": "label: dos\n,,83,*\n", "text": True, "check": True, "capture_output": True}
    subprocess.run(["sfdisk", "-q", "--no-tell-kernel", path], **label)  # type: ignore[call-overload]
