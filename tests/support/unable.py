"""An engine that can do nothing: it says so, and refuses all that it is asked to do.

with unable_engine(people.bob.region):
    ...
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from imsconsole.accounts.models import Region
from imsconsole.cloud.hosts import ask_host
from imsconsole.core.errors import Unsupported
from imsconsole.engine.types import Capabilities, Inventory
from tests.support.faults import engine_around

NOTHING = Capabilities()
ANSWERS: dict[str, Any] = {
    "free_space": None,
    "inventory": Inventory(),
    "states": {},
    "uses": {},
    "console_log": "",
}


class UnableEngine:
    def __init__(self, but: Capabilities) -> None:
        self._answers = {**ANSWERS, "capabilities": but}

    def __getattr__(self, verb: str) -> Callable[..., Any]:
        def answer(*_args: Any, **_kwargs: Any) -> Any:
            if verb not in self._answers:
                raise Unsupported
            return self._answers[verb]

        return answer


@contextmanager
def unable_engine(region: Region, but: Capabilities = NOTHING) -> Iterator[None]:
    """In the place of the region's own, and asked by the clock. `but` is what it says that it can do."""
    with engine_around(lambda _engine: UnableEngine(but), region=region.code):
        ask_host(region)
        region.refresh_from_db()
        yield
