"""What pages ask all the time and what hardly ever changes: each process keeps it for some seconds."""

import time
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

Answer = TypeVar("Answer")
_FORGET: list[Callable[[], None]] = []


def kept_for(seconds: float) -> Callable[[Callable[[], Answer]], Callable[[], Answer]]:
    """Others see a change that late, at most; who makes one can `forget_kept`."""

    def keep(find: Callable[[], Answer]) -> Callable[[], Answer]:
        kept: dict[str, tuple[float, Any]] = {}

        @wraps(find)
        def answer() -> Answer:
            until, found = kept.get(
                "answer", (float("-inf"), None)
            )  # another thread may forget it at any moment
            if time.monotonic() > until:
                found = find()
                kept["answer"] = time.monotonic() + seconds, found
            return cast(Answer, found)

        _FORGET.append(kept.clear)
        return answer

    return keep


def forget_kept() -> None:
    """Ask anew for all that this process keeps."""
    for forget in _FORGET:
        forget()
