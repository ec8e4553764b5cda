"""What pages ask all the time and what hardly ever changes: each process keeps it for some seconds."""

import time
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

Answer = TypeVar("Answer")
_FORGET: list[Callable[[], None]] = []


def kept_for(seconds: float) -> Callable[[Callable[[], Answer]], Callable[[], Answer]]:
    """Others see a change that late, at most; who makes one can `forget_kept`."""

    def keep(find: Callable[[], Answer]) -> Callable[[], Answer]:
        kept: list[tuple[float, Any]] = []

        @wraps(find)
        def answer() -> Answer:
            if not kept or time.monotonic() > kept[0][0]:
                kept[:] = [(time.monotonic() + seconds, find())]
            found: Answer = kept[0][1]
            return found

        _FORGET.append(kept.clear)
        return answer

    return keep


def forget_kept() -> None:
    """Ask anew for all that this process keeps."""
    for forget in _FORGET:
        forget()
