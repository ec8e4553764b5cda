"""The serial consoles that somebody is at: one line to each guest, shared by all browsers.

QEMU serves one at a time. The line is read all the time, so that no guest waits for a browser; what a slow
browser has not taken is left out when it becomes too much.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

PIECE_BYTES = 64 * 1024
MOST_PIECES = 64  # that wait for a browser
LEFT_OUT = b"\r\n[ ... ]\r\n"
OVER = b""

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Connect = Callable[[str], Awaitable[Streams]]
Viewer = asyncio.Queue[bytes]


class SharedLine:
    """A connection to a guest's serial console. Each viewer gets all that comes, and OVER at its end."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writer = writer
        self.is_over = False
        self.viewers: set[Viewer] = set()
        self._reading = asyncio.create_task(self._read(reader))

    def enter(self) -> Viewer:
        viewer = Viewer(MOST_PIECES)
        self.viewers.add(viewer)
        return viewer

    def leave(self, viewer: Viewer) -> None:
        """The last one closes it."""
        self.viewers.remove(viewer)
        if not self.viewers:
            self.is_over = True
            self._reading.cancel()
            self.writer.close()

    async def _read(self, reader: asyncio.StreamReader) -> None:
        with suppress(ConnectionError):
            while piece := await reader.read(PIECE_BYTES):
                self._tell(piece)
        self.is_over = True
        self._tell(OVER)

    def _tell(self, piece: bytes) -> None:
        for viewer in self.viewers:
            if viewer.full():
                while not viewer.empty():
                    viewer.get_nowait()
                viewer.put_nowait(LEFT_OUT)
            viewer.put_nowait(piece)


class SharedLines:
    """By the socket behind them. A line is opened for the first viewer and closed after the last."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect
        self._lines: dict[str, SharedLine] = {}
        self._turn = asyncio.Lock()

    @asynccontextmanager
    async def joined(self, endpoint: str) -> AsyncIterator[tuple[Viewer, asyncio.StreamWriter]]:
        """Raises OSError when nobody is there."""
        async with self._turn:
            line = self._lines.get(endpoint)
            if line is None or line.is_over:
                line = self._lines[endpoint] = SharedLine(*await self._connect(endpoint))
            viewer = line.enter()
        try:
            yield viewer, line.writer
        finally:
            line.leave(viewer)
            if line.is_over and self._lines.get(endpoint) is line:
                del self._lines[endpoint]
