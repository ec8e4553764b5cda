"""The engine of a region that was left: there is nothing, and nothing can be done."""

from collections.abc import Callable, Sequence
from typing import Any, cast

from imsconsole.core.errors import Unsupported
from imsconsole.engine.api import Engine
from imsconsole.engine.types import Capabilities, Inventory, ServerState


class LeftEngine:
    def capabilities(self) -> Capabilities:
        return Capabilities()

    def free_space(self) -> None:
        return None

    def inventory(self) -> Inventory:
        return Inventory()

    def states(self, refs: Sequence[str]) -> dict[str, ServerState]:
        return {}

    def find(self, *_asked: Any) -> tuple[str, ...]:
        return ()

    def __getattr__(self, verb: str) -> Callable[..., Any]:
        if not hasattr(Engine, verb):
            raise AttributeError(verb)
        return _refuse


def _refuse(*_args: Any, **_kwargs: Any) -> Any:
    raise Unsupported("region-left")


def left_engine(_code: str) -> Engine:
    """What `settings.ENGINES` makes of `left`."""
    return cast(Engine, LeftEngine())
