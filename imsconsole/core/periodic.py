"""How a room declares work for the clock, which lives in `jobs.periodic`."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True)
class Periodic:
    """A function to be called every so often. A room's `clock.py` lists them as `PERIODIC`.

    By one clock for all hosts, or `on_each_host` by one there.
    """

    name: str
    every: timedelta
    function: Callable[[], None]
    on_each_host: bool = False
