"""What a server used in the last hour and day, from its readings: numbers, and lines that templates draw as SVG.

A line is a staircase: each step is the mean between two readings. Where there are none for a while, or the server was
started anew between two, the line has a gap.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from imsconsole.cloud.models import Reading, Server
from imsconsole.cloud.use.measuring import DAY, HOUR, LONG_STEP, STEP
from imsconsole.core.now import now
from imsconsole.core.text import size

WIDTH, HEIGHT = 240, 60  # of the drawing
MISSED = 2.5  # steps without a reading are a gap
LEAST_BYTES = 1024  # of an axis

COUNTERS = {
    "read": "read_bytes",
    "written": "written_bytes",
    "received": "received_bytes",
    "sent": "sent_bytes",
}
TITLES: Mapping[str, str | Promise] = {
    "cpu": _("CPU"),
    "memory": _("Memory"),
    "disk": _("Disks"),
    "network": _("Network"),
}
LINES: Mapping[str, tuple[tuple[str, str | Promise], ...]] = {
    "cpu": (("cpu", ""),),
    "memory": (("memory", ""),),
    "disk": (("read", pgettext_lazy("use", "read")), ("written", pgettext_lazy("use", "written"))),
    "network": (("received", pgettext_lazy("use", "received")), ("sent", pgettext_lazy("use", "sent"))),
}


def percent(value: float) -> str:
    return f"{number_format(round(value), 0)} %"


def a_second(value: float) -> str:
    return f"{size(round(value))}/s"


TEXTS: Mapping[str, Callable[[float], str]] = {
    "cpu": percent, "memory": lambda value: size(round(value)), "disk": a_second, "network": a_second,
}  # fmt: skip


@dataclass(frozen=True)
class Interval:
    """Between two readings: means of that time by the names of lines, in per cent, bytes, bytes a second."""

    begin: datetime
    end: datetime
    values: Mapping[str, float | None]


@dataclass(frozen=True)
class Line:
    """`paths` are its pieces, as points of SVG."""

    key: str
    title: str
    paths: Sequence[str]
    latest: str


@dataclass(frozen=True)
class Plot:
    """What one measure was; `most` is the upper end of its axis, `peak` the highest mean."""

    key: str
    title: str
    lines: Sequence[Line]
    most: str
    peak: str
    width: int = WIDTH
    height: int = HEIGHT
    middle: int = HEIGHT // 2


@dataclass(frozen=True)
class Span:
    """An hour or a day, and a plot for each measure. `rows`: each interval, the latest first, and what it says in each column."""

    key: str
    title: str | Promise
    begin: datetime
    end: datetime
    plots: Sequence[Plot]
    columns: Sequence[str]
    rows: Sequence[tuple[Interval, Sequence[tuple[str, str]]]]


@dataclass(frozen=True)
class UseOfServer:
    """`seen` is another when anything in it is."""

    spans: Sequence[Span]
    unmeasured: Sequence[str]
    seen: str
    has_any: bool
    measures_any: bool


def use_of(server: Server, measures: Iterable[str], spans: Sequence[str] = ("hour", "day")) -> UseOfServer:
    """One query. `measures` is what can be measured where the server is. Load its flavor."""
    measured = [key for key in TITLES if key in set(measures)]
    end = now().replace(second=0, microsecond=0)
    readings = list(
        Reading.objects.filter(server=server, minute__gt=end - DAY - LONG_STEP).order_by("minute")
    )
    made = {
        "hour": lambda: _span("hour", _("Last hour"), end, HOUR, STEP, readings, server, measured),
        "day": lambda: _span(
            "day", _("Last day"), end, DAY, LONG_STEP,
            [each for each in readings if each.is_kept or each is readings[-1]], server, measured,
        ),
    }  # fmt: skip
    return UseOfServer(
        [made[name]() for name in spans],
        [str(title) for key, title in TITLES.items() if key not in measured],
        f"{end:%H%M}-{len(readings)}",
        len(readings) > 1,
        bool(measured),
    )


def _span(
    key: str,
    title: str | Promise,
    end: datetime,
    length: timedelta,
    step: timedelta,
    readings: Sequence[Reading],
    server: Server,
    measured: Sequence[str],
) -> Span:
    begin = end - length
    intervals = [each for each in intervals_of(readings, step) if each.end > begin]
    scale = _Scale(begin, length)
    plots = [_plot(name, intervals, scale, server, end - MISSED * step) for name in measured]
    names = [(name, *line) for name in measured for line in LINES[name]]
    columns = [f"{TITLES[name]} ({line})" if line else str(TITLES[name]) for name, _key, line in names]
    texts = ([_text(name, each.values[line]) for name, line, _title in names] for each in reversed(intervals))
    rows = [
        (each, list(zip(columns, values, strict=True)))
        for each, values in zip(reversed(intervals), texts, strict=True)
    ]
    return Span(key, title, begin, end, plots, columns, rows)


def intervals_of(readings: Sequence[Reading], step: timedelta) -> Iterator[Interval]:
    """Between each two that follow each other within one start of the server."""
    for one, other in pairwise(readings):
        seconds = other.run_s - one.run_s
        if one.start == other.start and seconds > 0 and other.minute - one.minute < MISSED * step:
            cpu = _rate(one.cpu_s, other.cpu_s, seconds)
            values = {
                name: _rate(getattr(one, counter), getattr(other, counter), seconds)
                for name, counter in COUNTERS.items()
            }
            values["cpu"] = None if cpu is None else 100 * cpu / other.vcpus
            values["memory"] = other.memory_bytes
            yield Interval(one.minute, other.minute, values)


def _rate(one: float | None, other: float | None, seconds: float) -> float | None:
    """A second; None where one was not measured, or the sum has become less, as of a disk that was detached."""
    if one is None or other is None or other < one:
        return None
    return (other - one) / seconds


@dataclass(frozen=True)
class _Scale:
    begin: datetime
    length: timedelta

    def x(self, at: datetime) -> float:
        return WIDTH * max(0.0, (at - self.begin) / self.length)


def _plot(key: str, intervals: Sequence[Interval], scale: _Scale, server: Server, fresh: datetime) -> Plot:
    values = [
        value for each in intervals for line, _t in LINES[key] if (value := each.values[line]) is not None
    ]
    most, tell = _most(key, values, server), TEXTS[key]
    lines = []
    for line, title in LINES[key]:
        last = intervals[-1] if intervals and intervals[-1].end >= fresh else None
        paths = [_path(piece, line, scale, most) for piece in _pieces(intervals, line)]
        lines.append(Line(line, str(title), paths, _text(key, last.values[line] if last else None)))
    return Plot(key, str(TITLES[key]), lines, tell(most), tell(max(values)) if values else "–")


def _most(key: str, values: Sequence[float], server: Server) -> float:
    """The upper end of the axis: all of what the server has, or a round number above the highest."""
    peak = max(values, default=0)
    if key == "cpu":
        return max(100, peak)
    if key == "memory":
        return max(server.flavor.memory_mb * 1024**2, peak)
    most = LEAST_BYTES
    while most < peak:
        most *= 2
    return most


def _pieces(intervals: Iterable[Interval], line: str) -> Iterator[list[Interval]]:
    """What follows each other without a gap."""
    piece: list[Interval] = []
    for each in intervals:
        if piece and (each.values[line] is None or each.begin != piece[-1].end):
            yield piece
            piece = []
        if each.values[line] is not None:
            piece.append(each)
    if piece:
        yield piece


def _path(piece: Iterable[Interval], line: str, scale: _Scale, most: float) -> str:
    points = []
    for each in piece:
        y = HEIGHT * (1 - (each.values[line] or 0) / most)
        points += [f"{scale.x(at):.1f},{y:.1f}" for at in (each.begin, each.end)]
    return " ".join(points)


def _text(key: str, value: Any) -> str:
    return "–" if value is None else TEXTS[key](value)
