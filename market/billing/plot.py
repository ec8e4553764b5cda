"""A month as bars, one for each day: image, flavor and disk fees on top of each other. Drawn by the server, as SVG."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from market.billing.questions import FEES, Month

HEIGHT = 120  # of the highest bar, in units of the drawing
DAY = 20  # the width of a day, of which the bar takes BAR
BAR = 14


@dataclass(frozen=True)
class PlotPart:
    """A piece of a bar: which fee, where it begins from the top, and how high it is."""

    kind: str
    y: float
    height: float


@dataclass(frozen=True)
class Bar:
    day: int
    x: int
    total: Decimal
    parts: list[PlotPart]


@dataclass(frozen=True)
class Plot:
    bars: list[Bar]
    most: Decimal
    width: int
    height: int = HEIGHT
    bar: int = BAR

    @property
    def has_any(self) -> bool:
        return self.most > 0


def plot_of(month: Month, days: Iterable[dict[str, Any]]) -> Plot:
    """`days`: the sums of the days on which something was charged (`questions.by_day`)."""
    sums = {row["day"].day: row for row in days}
    count = (month.end - timedelta(days=1)).day
    most = max((row["total"] for row in sums.values()), default=Decimal(0))
    bars = [
        _bar(day, sums[day], most) if day in sums else Bar(day, _x(day), Decimal(0), [])
        for day in range(1, count + 1)
    ]
    return Plot(bars, most, width=count * DAY)


def _bar(day: int, row: dict[str, Any], most: Decimal) -> Bar:
    y, parts = float(HEIGHT), []
    for kind in FEES:
        height = float(HEIGHT * row[kind] / most) if most else 0.0
        y -= height
        parts.append(PlotPart(kind, round(y, 2), round(height, 2)))
    return Bar(day, _x(day), row["total"], [part for part in parts if part.height])


def _x(day: int) -> int:
    return (day - 1) * DAY + (DAY - BAR) // 2
