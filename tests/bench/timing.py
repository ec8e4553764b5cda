"""Medians of several runs."""

import statistics
import time
from collections.abc import Callable


def median_ms(function: Callable[[], object], runs: int = 5) -> float:
    """Median milliseconds of `runs` calls after one that does not count."""
    function()
    times = []
    for _ in range(runs):
        started = time.perf_counter()
        function()
        times.append((time.perf_counter() - started) * 1000)
    return statistics.median(times)
