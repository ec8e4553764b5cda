"""Medians of several runs."""

import statistics
import time
from collections.abc import Callable
from typing import NamedTuple


def median_ms(function: Callable[[], object], runs: int = 5) -> float:
    """Median milliseconds of `runs` calls after one that does not count."""
    function()
    return statistics.median(_ms(function) for _ in range(runs))


class Pair(NamedTuple):
    """Milliseconds of ours and of a bare tool, and the median of their ratios."""

    ours: float
    bare: float
    ratio: float


def paired(ours: Callable[[], object], bare: Callable[[], object], runs: int = 5) -> Pair:
    """Medians of both by turns, so that what else the machine does meets both; the first turn does not count."""
    ours()
    bare()
    turns = [(_ms(ours), _ms(bare)) for _ in range(runs)]
    first, second = zip(*turns, strict=True)
    return Pair(
        statistics.median(first), statistics.median(second), statistics.median(a / b for a, b in turns)
    )


def _ms(function: Callable[[], object]) -> float:
    started = time.perf_counter()
    function()
    return (time.perf_counter() - started) * 1000
