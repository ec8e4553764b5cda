"""What a promise of the contract asks of engines that cannot do all, or do it otherwise."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial, wraps
from typing import Any

import pytest
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from imsconsole.core.errors import Unsupported
from imsconsole.core.sockets import connect_to
from imsconsole.engine.api import Engine
from imsconsole.engine.types import Endpoint, UnixSocket
from tests.engine.guests import TestWork
from tests.support import sweep

LINE_LIMIT_S = 120  # of a host that has much to do; not a measure of anything
Some = Callable[[list[int]], list[int]]
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
    def some(self) -> Some:
        """Of the points at which work can end those at which it does."""
        return partial(sweep.some, most=6)

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


class Line:
    """To what an endpoint leads, whichever way it goes there."""

    def __init__(self, way: socket.socket | ClientConnection) -> None:
        self._way = way

    def send(self, said: bytes) -> None:
        if isinstance(self._way, socket.socket):
            self._way.sendall(said)
        else:
            self._way.send(said)

    def hear(self, length: int) -> bytes:
        """So many bytes, or more. Raises TimeoutError."""
        heard = b""
        while len(heard) < length:
            if isinstance(self._way, socket.socket):
                piece: str | bytes = self._way.recv(length - len(heard))
            else:
                piece = self._way.recv(timeout=LINE_LIMIT_S)
            assert isinstance(piece, bytes)
            assert piece, f"closed after {heard!r}"
            heard += piece
        return heard


@contextmanager
def reached(endpoint: Endpoint) -> Iterator[Line]:
    if isinstance(endpoint, UnixSocket):
        with connect_to(endpoint.path, LINE_LIMIT_S) as way:
            yield Line(way)
    else:
        with connect(
            endpoint.url,
            subprotocols=[Subprotocol(endpoint.subprotocol)],
            open_timeout=LINE_LIMIT_S,
            compression=None,
            proxy=None,
        ) as there:
            yield Line(there)
