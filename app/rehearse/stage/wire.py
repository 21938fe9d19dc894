"""The response on a connection. Unlike a server's, it can be cut at any byte."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Iterable
from contextlib import suppress
from http import HTTPStatus
from typing import Final

STREAM_HEADERS: Final = (
    ("content-type", "text/event-stream; charset=utf-8"),
    ("cache-control", "no-store, no-transform"),
    ("x-accel-buffering", "no"),
)

_RESET_ON_CLOSE: Final = struct.pack("ii", 1, 0)  # SO_LINGER for 0 seconds: closing sends a reset
# Before a break, with which HTTP libraries and browsers throw away what they have not passed on yet.
_SETTLE_SECONDS: Final = 0.3


class Wire:
    """A response that is written piece by piece, in chunks (RFC 9112 §7.1), as the server does. The connection ends with it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def begin(self, headers: Iterable[tuple[str, str]]) -> None:
        """Send the head of a response with the status 200 and a body of chunks."""
        # Without `connection: close`, as the server's: with it, undici takes a body that was cut for a whole one.
        self._writer.write(_head(200, (*headers, ("transfer-encoding", "chunked"))))
        await self._writer.drain()

    async def send(self, data: bytes) -> None:
        """Send a piece of the body as one chunk. Raises ConnectionError if the client has left."""
        if self._writer.is_closing():
            raise ConnectionResetError
        self._writer.write(b"%x\r\n%b\r\n" % (len(data), data))
        await self._writer.drain()

    async def answer(self, status: int, headers: Iterable[tuple[str, str]], body: bytes) -> None:
        """Send a whole response."""
        length = () if status == HTTPStatus.NO_CONTENT else (("content-length", str(len(body))),)
        self._writer.write(_head(status, (*headers, *length, ("connection", "close"))) + body)
        await self.cut()

    async def answer_in_part(self, headers: Iterable[tuple[str, str]], body: bytes, sent_bytes: int) -> None:
        """Send a response of which the rest never comes."""
        self._writer.write(_head(200, (*headers, ("content-length", str(len(body))))) + body[:sent_bytes])
        await self._writer.drain()

    async def accept(self) -> None:
        """Answer a report, and leave the connection open for the next one."""
        self._writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        await self._writer.drain()

    async def finish(self) -> None:
        """End the body and the connection."""
        self._writer.write(b"0\r\n\r\n")
        await self.cut()

    async def settle(self) -> None:
        """Return when the client has had time to read what was sent, before the connection breaks."""
        await self._writer.drain()
        await asyncio.sleep(_SETTLE_SECONDS)

    async def cut(self) -> None:
        """End the connection where it is."""
        with suppress(ConnectionError):  # the client was faster
            await self._writer.drain()
        self._writer.close()

    async def reset(self) -> None:
        """End the connection with a TCP reset."""
        connection: socket.socket | None = self._writer.get_extra_info("socket")
        if connection is not None and connection.fileno() >= 0:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self._writer.transport.abort()

    async def left(self) -> None:
        """Return once the client has closed the connection."""
        try:
            while await self._reader.read(65_536):
                pass  # a client has nothing to say during a response
        except ConnectionError:
            return


def _head(status: int, headers: Iterable[tuple[str, str]]) -> bytes:
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", *(f"{name}: {value}" for name, value in headers)]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")
