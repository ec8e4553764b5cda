"""From the bridge to what an engine says is behind a screen or a serial console: a unix socket here, or a WebSocket elsewhere."""

import asyncio
import logging
from typing import Protocol

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI

from imsconsole.core.sockets import connect_to
from imsconsole.engine.types import Endpoint, UnixSocket, WebSocket

PIECE_BYTES = 64 * 1024
CONNECT_LIMIT_S = 10.0
END = b""

mute = logging.getLogger("websockets.quiet")  # what the library would log has cookies and tokens in it
mute.setLevel(logging.CRITICAL + 1)


class Way(Protocol):
    """Bytes in both directions. Reading at its end gives END, writing raises ConnectionError."""

    async def read(self) -> bytes: ...

    async def write(self, data: bytes) -> None: ...

    async def close(self) -> None: ...


async def way_to(endpoint: Endpoint) -> Way:
    """Raises OSError when nobody is there, or lets nobody in."""
    if isinstance(endpoint, UnixSocket):
        line = await asyncio.to_thread(connect_to, endpoint.path, CONNECT_LIMIT_S)
        return Stream(*await asyncio.open_unix_connection(sock=line))
    return Messages(await _connected(endpoint))


class Stream:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def read(self) -> bytes:
        return await self._reader.read(PIECE_BYTES)

    async def write(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def close(self) -> None:
        self._writer.close()


class Messages:
    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection

    async def read(self) -> bytes:
        """Messages without a byte are none."""
        try:
            while not (message := await self._connection.recv()):
                pass
        except ConnectionClosed:
            return END
        return message.encode() if isinstance(message, str) else message

    async def write(self, data: bytes) -> None:
        try:
            await self._connection.send(data)
        except ConnectionClosed as error:
            raise ConnectionResetError(str(error)) from error

    async def close(self) -> None:
        await self._connection.close()


async def _connected(endpoint: WebSocket) -> ClientConnection:
    """No proxy of the environment is used: whoever reads the address comes in."""
    try:
        return await connect(
            endpoint.url,
            subprotocols=[endpoint.subprotocol] if endpoint.subprotocol else None,  # type: ignore[list-item]
            open_timeout=CONNECT_LIMIT_S,
            compression=None,
            proxy=None,
            logger=mute,
        )
    except (InvalidHandshake, InvalidURI) as error:
        raise ConnectionRefusedError(type(error).__name__) from error
