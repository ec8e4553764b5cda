"""What a promise of the contract asks of engines that cannot do all, or do it otherwise."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import pytest

from imsconsole.core.errors import Unsupported
from imsconsole.engine.api import Engine
from tests.engine.guests import TestWork

Content = Callable[..., bytes]  # of a stored file, by its reference, from an offset on


def reading(engine: Engine) -> Content:
    def content(ref: str, offset: int = 0) -> bytes:
        with engine.open(ref, offset) as stream:
            return stream.read()

    return content


class Promises:
    """Subclasses give the fixtures `engine` and `place` (a folder for source files); others where theirs differ."""

    @pytest.fixture
    def content(self, engine: Engine) -> Content:
        return reading(engine)

    @pytest.fixture
    def impatient(self) -> None:
        """No guest is waited for any longer than a test can wait."""


def by(ability: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """A promise of those who have this capability; from others it comes to Unsupported."""

    def promise(test: Callable[..., None]) -> Callable[..., None]:
        @wraps(test)
        def kept(self: Any, engine: Engine, **fixtures: Any) -> None:
            if getattr(engine.capabilities(), ability):
                test(self, engine=engine, **fixtures)
            else:
                with pytest.raises(Unsupported):
                    test(self, engine=engine, **fixtures)

        return kept

    return promise


def told(engine: Engine, work: TestWork, total: int) -> bool:
    """Whether the work was said to have all of its bytes done; that it is alive, where no more is told."""
    return (total, total) in work.reports if engine.capabilities().byte_progress else bool(work.reports)
