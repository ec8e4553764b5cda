"""Several who are asked at once, for a limited time: one who never answers keeps nobody waiting.

What is called is not given up: its thread goes on, and as long as it does nobody asks the same again. So it must neither
use the database nor hold anything.
"""

import logging
import secrets
import threading
import time
from collections.abc import Callable, Hashable, Mapping
from typing import Any, Generic, TypeVar

from imsconsole.core.errors import Away, ImsError

logger = logging.getLogger(__name__)
K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


class _Call(threading.Thread, Generic[T]):
    def __init__(self, call: Callable[[], T]) -> None:
        super().__init__(name="asked", daemon=True)
        self._call = call
        self.answer: T | None = None
        self.error: Exception | None = None

    def run(self) -> None:
        try:
            self.answer = self._call()
        except Exception as error:  # noqa: BLE001 - the one who asked raises it
            self.error = error


class Asking(Generic[K]):
    """One kind of question, to whoever has a key."""

    def __init__(self) -> None:
        self._busy: dict[K, threading.Thread] = {}

    def answers(self, calls: Mapping[K, Callable[[], T]], limit_s: float) -> dict[K, T | ImsError]:
        """What each returned or raised within `limit_s` seconds; else Away `no-answer`. What nobody expects is in the log."""
        self._busy = {key: thread for key, thread in self._busy.items() if thread.is_alive()}
        begun = {key: _Call(call) for key, call in calls.items() if key not in self._busy}
        for thread in begun.values():
            thread.start()
        end = time.monotonic() + limit_s
        for key, thread in begun.items():
            thread.join(max(0.0, end - time.monotonic()))
            if thread.is_alive():
                self._busy[key] = thread
        return {key: _answer(begun.get(key), limit_s) for key in calls}


def _answer(call: _Call[Any] | None, limit_s: float) -> Any:
    if call is None or call.is_alive():
        return Away("no-answer", seconds=round(limit_s))
    if call.error and not isinstance(call.error, ImsError):
        reference = secrets.token_hex(4)
        logger.error("Asked, and met an unexpected error, reference %s", reference, exc_info=call.error)
        return ImsError("unexpected", reference=reference)
    return call.error or call.answer
