"""Bytes of images on their way: to Glance in one piece, as it cannot go on with a part; from it on from any byte."""

import hashlib
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from io import RawIOBase
from typing import Any, BinaryIO, Protocol

from requests import RequestException, Response
from urllib3.exceptions import HTTPError

from imsconsole.core.errors import Unavailable
from imsconsole.engine.types import MIB, Work

ALGORITHM = "sha512"  # what Glance hashes with, if nobody has set another
PIECE_BYTES = MIB
LOOK_S, LET_GO_S = (
    0.5,
    5.0,
)  # how often the work is told of an upload, and how long one that it ends is waited for
TRIES = 5  # to go on after a connection was cut, without a byte in between
PAUSE_S = 0.2


class Opened(Protocol):
    """What opens bytes from the beginning, as often as it is asked to."""

    def __call__(self) -> BinaryIO: ...


class Body:
    """The body of a request: `size_bytes` of what `opened` gives, hashed on the way. Sent again, it begins anew."""

    def __init__(self, opened: Opened, size_bytes: int) -> None:
        self._opened = opened
        self.size_bytes = size_bytes
        self.done = 0
        self.is_ended = False
        self._digest = hashlib.new(ALGORITHM)

    def __len__(self) -> int:
        return self.size_bytes

    def __iter__(self) -> Iterator[bytes]:
        """Raises OSError when the source ends early, or the upload is to end."""
        self.done, self._digest = 0, hashlib.new(ALGORITHM)
        with self._opened() as stream:
            while left := self.size_bytes - self.done:
                piece = stream.read(min(PIECE_BYTES, left))
                if self.is_ended or not piece:
                    raise OSError("The source ended early")
                self._digest.update(piece)
                self.done += len(piece)
                yield piece

    @property
    def checksum(self) -> str:
        return f"{ALGORITHM}:{self._digest.hexdigest()}"


def sent(send: Callable[[Body], object], body: Body, work: Work) -> None:
    """Let `send` send it in a thread of its own, and tell the work meanwhile. Raises what either raises.

    What the work ends gets no more bytes; it is waited for only so long, as the other end may be putting away what it has.
    """
    threads = ThreadPoolExecutor(1, "upload")
    sending = threads.submit(send, body)
    try:
        while not wait([sending], LOOK_S).done:
            work.report(body.done, body.size_bytes)
        work.report(body.done, body.size_bytes)  # also of what was sent before anybody looked
    except BaseException:
        body.is_ended = True
        wait([sending], LET_GO_S)
        raise
    finally:
        threads.shutdown(wait=False)
    sending.result()


class Reader(RawIOBase):
    """The bytes of a file behind `ask`, which answers a request from an offset on. A connection that is cut is taken up."""

    def __init__(self, ask: Callable[[int], Response], offset: int, size_bytes: int) -> None:
        super().__init__()
        self._ask = ask
        self._at = offset
        self._size_bytes = size_bytes
        self._answer: Response | None = None
        self._reopen()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        """Raises Unavailable `cloud-silent` after some tries, and what `ask` raises."""
        wanted = min(len(buffer), self._size_bytes - self._at)
        for number in range(TRIES):
            if wanted <= 0:
                return 0
            if piece := self._piece(wanted):
                buffer[: len(piece)] = piece
                self._at += len(piece)
                return len(piece)
            time.sleep(PAUSE_S * number)
            self._reopen()
        raise Unavailable("cloud-silent", detail=f"{self._at} of {self._size_bytes} bytes came")

    def close(self) -> None:
        if self._answer is not None:
            self._answer.close()
        super().close()

    def _piece(self, wanted: int) -> bytes:
        """Nothing when the connection is cut."""
        try:
            return bytes(self._answer.raw.read(wanted)) if self._answer is not None else b""
        except (HTTPError, RequestException, OSError):
            return b""

    def _reopen(self) -> None:
        """A store that cannot begin anywhere begins at the first byte: then the rest is passed over."""
        if self._answer is not None:
            self._answer.close()
        self._answer = None
        if self._at >= self._size_bytes:
            return
        self._answer = self._ask(self._at)
        left = self._at if self._answer.status_code != 206 else 0
        while left and (piece := self._piece(min(PIECE_BYTES, left))):
            left -= len(piece)
