"""Use of a server: its numbers, its plots, its page."""

import re

import pytest
from django.urls import reverse

from imsconsole.cloud.models import Server
from imsconsole.cloud.use.measuring import STEP
from imsconsole.cloud.use.plots import HEIGHT, WIDTH, intervals_of, use_of
from imsconsole.engine.types import MIB
from tests.cloud.use.test_measuring import a_reading
from tests.conftest import HTMX, client_of
from tests.factories import FlavorFactory, ServerFactory

ALL = ("cpu", "memory", "disk", "network")
OURS = ("cpu", "memory", "disk")


@pytest.fixture
def server(people) -> Server:
    flavor = FlavorFactory(name="t6-large-2", vcpus=2, memory_mb=100)
    return ServerFactory(project=people.bob.project, status="running", flavor=flavor)


def page_of(server: Server, **query: str) -> str:
    return reverse("servers:use", args=[server.pk], query=query)


def values(server: Server, name: str) -> list[float | None]:
    return [each.values[name] for each in intervals_of(list(server.readings.all()), STEP)]


def test_between_two_readings_lies_what_was_used_a_second(server) -> None:
    a_reading(server, 2, vcpus=2, cpu_s=10, memory_bytes=1, read_bytes=0, written_bytes=600)
    a_reading(server, 1, vcpus=2, cpu_s=40, memory_bytes=7, read_bytes=6000, written_bytes=600)
    assert values(server, "cpu") == [25.0]  # 30 s of 60, by two vCPUs
    assert values(server, "memory") == [7]
    assert values(server, "read") == [100.0]
    assert values(server, "written") == [0.0]
    assert values(server, "received") == [None]


def test_counters_that_begin_anew_and_times_without_a_reading_are_gaps(server) -> None:
    for minutes_ago, start, cpu_s in (
        (9, "a", 0),
        (8, "a", 6),
        (7, "b", 1),
        (6, "b", 7),
        (2, "b", 30),
        (1, "b", 36),
    ):
        a_reading(server, minutes_ago, start=start, cpu_s=cpu_s)
    assert [round(value or 0) for value in values(server, "cpu")] == [10, 10, 10]
    (hour,) = use_of(server, ("cpu",), ("hour",)).spans
    assert len(hour.plots[0].lines[0].paths) == 3


def test_what_was_not_measured_for_a_minute_is_a_gap_of_that_line_alone(server) -> None:
    for minutes_ago, read in ((5, 0), (4, 60), (3, None), (2, 180), (1, 240)):
        a_reading(server, minutes_ago, cpu_s=1, read_bytes=read, written_bytes=0)
    (hour,) = use_of(server, OURS, ("hour",)).spans
    pieces = {line.key: len(line.paths) for plot in hour.plots for line in plot.lines}
    assert pieces == {"cpu": 1, "memory": 0, "read": 2, "written": 1}


def test_a_disk_that_was_detached_takes_its_bytes_along(server) -> None:
    a_reading(server, 2, read_bytes=500)
    a_reading(server, 1, read_bytes=100)
    assert values(server, "read") == [None]


def test_lines_stay_within_the_drawing_and_end_at_now(server) -> None:
    for minutes_ago in range(70):
        a_reading(server, minutes_ago, cpu_s=10_000 - 90 * minutes_ago, vcpus=1, memory_bytes=50 * MIB)
    (hour,) = use_of(server, ("cpu", "memory"), ("hour",)).spans
    for plot in hour.plots:
        points = [tuple(map(float, pair.split(","))) for pair in plot.lines[0].paths[0].split()]
        assert (points[0][0], points[-1][0]) == (0, WIDTH)
        assert all(0 <= y <= HEIGHT for _x, y in points)
    assert [plot.most for plot in hour.plots] == [
        "150 %",
        "100 MiB",
    ]  # more than its vCPUs: QEMU works as well
    assert hour.plots[1].lines[0].latest == "50 MiB"


def test_a_day_shows_what_is_kept_and_the_latest(server) -> None:
    for minutes_ago in range(0, 1440, 10):
        a_reading(server, minutes_ago + 1, cpu_s=10_000 - minutes_ago, is_kept=True)
    a_reading(server, 0, cpu_s=10_001)
    (day,) = use_of(server, ("cpu",), ("day",)).spans
    assert len(day.rows) == 144
    assert len(day.plots[0].lines[0].paths) == 1


def test_an_old_value_is_not_told_as_the_present_one(server) -> None:
    for minutes_ago in (30, 29):
        a_reading(server, minutes_ago, cpu_s=1)
    assert use_of(server, ("cpu",), ("hour",)).spans[0].plots[0].lines[0].latest == "–"


# ── the page ────────────────────────────────────────────────────────────────
def test_the_page_tells_numbers_without_a_picture_and_what_is_not_measured(people, server) -> None:
    for minutes_ago in (3, 2, 1):
        a_reading(
            server,
            minutes_ago,
            is_kept=True,
            cpu_s=90 - 30 * minutes_ago,
            vcpus=1,
            read_bytes=0,
            written_bytes=0,
        )
    page = client_of(people.dave).get(page_of(server)).content.decode()
    assert page.count("<polyline") == 2 * 3
    assert page.count("<title id=") == page.count("<desc id=") == 2 * 3
    assert page.count(">50 %</td>") == 4
    assert "Not measured here: Network." in page
    assert client_of(people.carol).get(page_of(server)).status_code == 404
    assert client_of(None).get(page_of(server)).status_code == 302


def test_a_server_of_which_nothing_is_known_says_so(people, server) -> None:
    page = client_of(people.bob).get(page_of(server)).content.decode()
    assert "Nothing was measured in the last day." in page
    assert "<polyline" not in page


def test_the_plots_are_sent_again_only_when_they_are_others(people, server) -> None:
    a_reading(server, 2, cpu_s=1)
    client = client_of(people.bob)
    first = client.get(page_of(server, span="hour"), headers=HTMX).content.decode()
    assert "<html" not in first
    seen = re.search(r"seen=([\d-]+)", first)[1]
    assert client.get(page_of(server, span="hour", seen=seen), headers=HTMX).status_code == 204
    a_reading(server, 1, cpu_s=2)
    again = client.get(page_of(server, span="hour", seen=seen), headers=HTMX)
    assert (again.status_code, again.content.decode().count("<polyline")) == (200, 1)


def test_the_servers_page_shows_the_last_hour(people, server) -> None:
    server.status = "stopping"  # its process is not looked at
    Server.objects.filter(pk=server.pk).update(status="stopping", ref="")
    for minutes_ago in (2, 1):
        a_reading(server, minutes_ago, cpu_s=1)
    page = client_of(people.bob).get(server.get_absolute_url()).content.decode()
    assert "Use in the last hour" in page
