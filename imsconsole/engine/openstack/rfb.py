"""A picture of what a server shows: one framebuffer, read as VNC over a WebSocket.

Format: RFC 6143, with no more of it than a picture needs: no authentication, raw pixels. What the other end says is its
guest's and its cloud's: sizes and time are bounded.
"""

import logging
import struct
import time
from enum import IntEnum
from io import BytesIO

from PIL import Image
from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect

from imsconsole.core.errors import Unavailable
from imsconsole.engine.types import MIB, WebSocket

LIMIT_S = 20.0
MOST_PIXELS = 16 * MIB  # 4096 × 4096
MOST_TEXT_BYTES = MIB  # names, and what a guest puts on the clipboard
MESSAGE_BYTES = 64 * MIB
VERSION = b"RFB 003.008\n"
WITHOUT_PASSWORD, RAW = 1, 0
# 32 bits a pixel, of which 24 are used, little-endian; true colour: 8 bits each of red at 16, green at 8 and blue at 0
PIXELS = struct.pack(">BBBBHHHBBB3x", 32, 24, 0, 1, 255, 255, 255, 16, 8, 0)

mute = logging.getLogger("websockets.quiet")  # what the library would log has tokens in it
mute.setLevel(logging.CRITICAL + 1)


class Message(IntEnum):
    """What a server says."""

    UPDATE, COLOURS, BELL, CLIPBOARD = range(4)


def picture_of(endpoint: WebSocket) -> bytes:
    """A PNG of the screen behind it. Raises Unavailable `screen-unreadable`."""
    end = time.monotonic() + LIMIT_S
    subprotocols = [endpoint.subprotocol] if endpoint.subprotocol else None
    try:
        with connect(
            endpoint.url,
            subprotocols=subprotocols,  # type: ignore[arg-type]
            open_timeout=LIMIT_S,
            close_timeout=1,
            compression=None,
            max_size=MESSAGE_BYTES,
            max_queue=4,
            proxy=None,
            logger=mute,
        ) as line:
            return Screen(line, end).picture()
    except (OSError, WebSocketException, struct.error) as error:  # a time-out is an OSError
        raise _unreadable(type(error).__name__) from error


class Screen:
    """The other end of a connection, until the time `end` of the monotonic clock."""

    def __init__(self, line: ClientConnection, end: float) -> None:
        self._line, self._end = line, end
        self._come = bytearray()
        self.width = self.height = 0

    def picture(self) -> bytes:
        self._enter()
        self._line.send(struct.pack(">B3x", 0) + PIXELS)
        self._line.send(struct.pack(">BxHi", 2, 1, RAW))
        self._line.send(struct.pack(">BBHHHH", 3, 0, 0, 0, self.width, self.height))
        shown = bytearray(self.width * self.height * 4)
        left = self.width * self.height
        while left > 0:
            left -= self._hear(shown)
        image = Image.frombuffer("RGB", (self.width, self.height), shown, "raw", "BGRX", 0, 1)
        made = BytesIO()
        image.save(made, "PNG")
        return made.getvalue()

    def _enter(self) -> None:
        if self._take(12) != VERSION:
            raise _unreadable("another version")
        self._line.send(VERSION)
        if WITHOUT_PASSWORD not in self._take(self._number(">B")):
            raise _unreadable("a password is asked for")
        self._line.send(bytes([WITHOUT_PASSWORD]))
        if self._number(">I"):
            raise _unreadable("refused")
        self._line.send(b"\1")  # others may be there
        self.width, self.height = struct.unpack(">HH16x", self._take(20))
        self._text()
        if not 0 < self.width * self.height <= MOST_PIXELS:
            raise _unreadable(f"{self.width} × {self.height}")

    def _hear(self, shown: bytearray) -> int:
        """One message; how many pixels came with it."""
        match self._number(">B"):
            case Message.UPDATE:
                return sum(self._rectangle(shown) for _ in range(self._number(">xH")))
            case Message.COLOURS:
                self._take(self._number(">xxxH") * 6)
            case Message.BELL:
                pass
            case Message.CLIPBOARD:
                self._take(3)
                self._text()
            case other:
                raise _unreadable(f"message {other}")
        return 0

    def _rectangle(self, shown: bytearray) -> int:
        x, y, width, height, encoding = struct.unpack(">HHHHi", self._take(12))
        if encoding != RAW or x + width > self.width or y + height > self.height:
            raise _unreadable("a rectangle beyond the screen")
        for row in range(y, y + height):
            at = (row * self.width + x) * 4
            shown[at : at + width * 4] = self._take(width * 4)
        return width * height

    def _text(self) -> None:
        if (length := self._number(">I")) > MOST_TEXT_BYTES:
            raise _unreadable("a long text")
        self._take(length)

    def _number(self, format: str) -> int:
        number: int = struct.unpack(format, self._take(struct.calcsize(format)))[0]
        return number

    def _take(self, count: int) -> bytes:
        """The next bytes. Raises OSError, WebSocketException."""
        while len(self._come) < count:
            if (left := self._end - time.monotonic()) <= 0:
                raise TimeoutError
            self._come += self._line.recv(timeout=left, decode=False)
        taken = bytes(self._come[:count])
        del self._come[:count]
        return taken


def _unreadable(detail: str) -> Unavailable:
    return Unavailable("screen-unreadable", detail=detail)
