"""The serial consoles that somebody is at: one line to each guest, shared by all browsers.

An engine serves one at a time. The line is read all the time, so that no guest waits for a browser; what a slow
browser has not taken is left out when it becomes too much.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from uuid import UUID

from imsconsole.cloud.screens.ways import Way
from imsconsole.engine.types import Endpoint

MOST_PIECES = 64  # that wait for a browser
LEFT_OUT = b"\r\n[ ... ]\r\n"
OVER = b""

Connect = Callable[[Endpoint], Awaitable[Way]]
Viewer = asyncio.Queue[bytes]


class SharedLine:
    """A connection to a guest's serial console. Each viewer gets all that comes, and OVER at its end."""

    def __init__(self, way: Way) -> None:
        self.way = way
        self.is_over = False
        self.viewers: set[Viewer] = set()
        self._reading = asyncio.create_task(self._read())

    def enter(self) -> Viewer:
        viewer = Viewer(MOST_PIECES)
        self.viewers.add(viewer)
        return viewer

    async def leave(self, viewer: Viewer) -> None:
        """The last one closes it."""
        self.viewers.remove(viewer)
        if not self.viewers:
            self.is_over = True
            self._reading.cancel()
            await self.way.close()

    async def _read(self) -> None:
        with suppress(ConnectionError):
            while piece := await self.way.read():
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
    """By server. A line is opened for the first viewer and closed after the last."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect
        self._lines: dict[UUID, SharedLine] = {}
        self._turn = asyncio.Lock()

    @asynccontextmanager
    async def joined(self, server_id: UUID, endpoint: Endpoint) -> AsyncIterator[tuple[Viewer, Way]]:
        """Raises OSError when nobody is there."""
        async with self._turn:
            line = self._lines.get(server_id)
            if line is None or line.is_over:
                line = self._lines[server_id] = SharedLine(await self._connect(endpoint))
            viewer = line.enter()
        try:
            yield viewer, line.way
        finally:
            await line.leave(viewer)
            if line.is_over and self._lines.get(server_id) is line:
                del self._lines[server_id]
