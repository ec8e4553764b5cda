"""What the clock writes down of running servers, on which host, and what it forgets."""

from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from imsconsole.cloud.models import Reading, Server
from imsconsole.cloud.servers.services import delete_server, reboot_server
from imsconsole.cloud.use.measuring import forget_readings, measure_all
from imsconsole.core import now as clock
from imsconsole.jobs import periodic
from imsconsole.jobs.clock import forget_gone_hosts
from imsconsole.jobs.models import ClockEntry
from imsconsole.jobs.periodic import tick
from tests.cloud.servers.machines import running_server
from tests.factories import ServerFactory
from tests.support.workers import run_jobs

MINUTE = timedelta(minutes=1)


def later(minutes: int = 1) -> None:
    clock.move(minutes * MINUTE)


def at_the_full_ten() -> None:
    clock.move(timedelta(minutes=10 - clock.now().minute % 10))


def a_reading(server: Server, minutes_ago: float, **fields) -> Reading:
    minute = clock.now().replace(second=0, microsecond=0) - minutes_ago * MINUTE
    return Reading.objects.create(
        **{
            "server": server, "minute": minute, "is_kept": False, "start": "a", "vcpus": 1,
            "run_s": 100_000 - 60 * minutes_ago, **fields,
        }
    )  # fmt: skip


@pytest.mark.guest
def test_a_running_guest_is_read_once_a_minute_and_kept_every_ten(people, engine) -> None:
    server = running_server(people.bob)
    ServerFactory(project=people.carol.project, status="running", ref=str(uuid4()))
    at_the_full_ten()
    for _ in range(3):
        measure_all()
        measure_all()  # the same minute
        later()
    rows = Reading.objects.order_by("minute")
    assert [row.server_id for row in rows] == [server.pk] * 3
    assert [row.is_kept for row in rows] == [True, False, False]
    assert {row.start for row in rows} == {rows[0].start}
    assert all(row.cpu_s and row.memory_bytes and row.read_bytes is not None for row in rows)
    assert {row.received_bytes for row in rows} == {None}

    reboot_server(server, actor=people.bob)
    run_jobs()
    measure_all()
    assert Reading.objects.values("start").distinct().count() == 2

    server.refresh_from_db()
    delete_server(server, delete_disks=True, actor=people.bob)
    run_jobs()
    assert not Reading.objects.exists()


def test_the_work_is_the_same_for_one_and_for_many_servers(people) -> None:
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as asked:
            measure_all()
        return len(asked)

    ServerFactory(project=people.bob.project, status="running", ref="there")
    measure_all()  # which engine the region has is asked once
    one = queries()
    for _ in range(30):
        ServerFactory(project=people.bob.project, status="running", ref="there")
    assert queries() == one


def test_the_old_is_forgotten_and_so_is_what_is_dated_later_than_now(people) -> None:
    server = ServerFactory(project=people.bob.project)
    kept = [a_reading(server, 5), a_reading(server, 70), a_reading(server, 23 * 60, is_kept=True)]
    for minutes_ago, is_kept in ((90, False), (25 * 60, True), (-10, True)):
        a_reading(server, minutes_ago, is_kept=is_kept)
    forget_readings()
    assert set(Reading.objects.all()) == set(kept)


@pytest.fixture
def on_host(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    return lambda name: monkeypatch.setattr(periodic.socket, "gethostname", lambda: name)


def test_each_host_measures_and_only_once_a_minute(db, on_host) -> None:
    for host in ("one", "two", "one"):
        on_host(host)
        tick()
    entries = ClockEntry.objects.filter(name__startswith="cloud.measure")
    assert {(entry.name, entry.host) for entry in entries} == {
        ("cloud.measure@one", "one"), ("cloud.measure@two", "two"),
    }  # fmt: skip
    started = {entry.name: entry.started_at for entry in entries}
    later()
    tick()
    again = {entry.name: entry.started_at for entry in entries.all()}
    assert [name for name in again if again[name] != started[name]] == ["cloud.measure@one"]

    later(2 * 24 * 60)
    ClockEntry.objects.filter(name="cloud.measure@one").update(due_at=clock.now())
    forget_gone_hosts()
    assert [entry.name for entry in entries.all()] == ["cloud.measure@one"]
