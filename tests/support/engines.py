"""Another engine for a region, where all rooms get theirs (`cloud.engines`).

    with engine_of_region("cn-north-4", engine): …

In the test's own process; workers in processes of their own do not see it. `UnreachableEngine` is that of a cloud that is down.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from imsconsole.cloud import engines
from imsconsole.core.errors import Unavailable
from imsconsole.engine.api import Engine

SLOW = "tests.engine.slow.slow_engine"  # by its name in `settings.ENGINES` of tests and their workers


def only(name: str) -> pytest.MarkDecorator:
    """Of `on_each_engine` that one alone: the other refuses by a capability what the test is about."""
    return pytest.mark.parametrize("on_each_engine", [name], indirect=True)


class UnreachableEngine:
    """Notes each verb that is asked of it, and raises what one does whose cloud does not answer."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __getattr__(self, verb: str) -> Any:
        def asked(*args: Any, **kwargs: Any) -> Any:
            self.asked.append(verb)
            raise Unavailable("state-unknown")

        return asked


@contextmanager
def engine_of_region(code: str, engine: Engine | Any) -> Iterator[None]:
    usual = engines._made
    engines._made = lambda name, there: engine if there == code else usual(name, there)  # type: ignore[assignment]
    try:
        yield
    finally:
        engines._made = usual
