"""Sweeps: the same work again for each point at which something may go wrong.

They are dear: `make test` takes some points of each, which depend on nothing but the points, `make test-sweeps` (SWEEP=all) every one.
"""

import os
from collections.abc import Sequence
from typing import TypeVar

P = TypeVar("P")


def is_whole() -> bool:
    """Whether no point is to be left out."""
    return os.environ.get("SWEEP") == "all"


def some(points: Sequence[P], most: int = 3) -> list[P]:
    """At most so many (two or more), evenly spread: the first and the last are among them."""
    if is_whole() or len(points) <= most:
        return list(points)
    step = (len(points) - 1) / (most - 1)
    return [points[round(number * step)] for number in range(most)]
