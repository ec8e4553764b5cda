"""Another engine for a region, where all rooms get theirs (`cloud.engines`).

    with engine_of_region("cn-north-4", engine): …

In the test's own process; workers in processes of their own do not see it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from imsconsole.cloud import engines
from imsconsole.engine.api import Engine


@contextmanager
def engine_of_region(code: str, engine: Engine | Any) -> Iterator[None]:
    usual = engines._made
    engines._made = lambda name, there: engine if there == code else usual(name, there)  # type: ignore[assignment]
    try:
        yield
    finally:
        engines._made = usual
