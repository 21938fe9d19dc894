"""A connection to an application without a server around it, and an application that records its requests."""

from __future__ import annotations

import asyncio
import re
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from uvicorn.server import ServerState

from app.server.config import Config
from app.server.connections.protocol import StreamProtocol
from app.server.connections.timetable import Timetable

Application = Callable[[Any, Any, Any], Awaitable[None]]


class Request(NamedTuple):
    """A request as an application sees it."""

    method: str
    target: str
    fields: dict[str, str]
    body: bytes


class Recorder:
    """An application that reads each request whole, and answers with its number."""

    def __init__(self) -> None:
        self.requests: list[Request] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body = await read_body(receive)
        fields = {name.decode(): value.decode("latin-1") for name, value in scope["headers"]}
        query = f"?{scope['query_string'].decode()}" if scope["query_string"] else ""
        self.requests.append(Request(scope["method"], scope["path"] + query, fields, body))
        await answer(send, b"%d" % len(self.requests))


async def read_body(receive: Any) -> bytes:
    """Read the body of a request; raise ConnectionError if it does not come whole."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionError
        body += message["body"]
        if not message["more_body"]:
            return bytes(body)


async def answer(send: Any, body: bytes) -> None:
    length = (b"content-length", b"%d" % len(body))
    await send({"type": "http.response.start", "status": 200, "headers": [length]})
    await send({"type": "http.response.body", "body": body})


class RecordingTransport:
    """A transport that also keeps what was written, each write by itself."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self.writes: list[bytes] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        self.writes.append(data)
        self._transport.write(data)


class Client:
    """The client's end of a connection. `writes`: what the server wrote on it; `server_state`: what the server knows of it."""

    def __init__(self, connection: StreamProtocol, end: socket.socket) -> None:
        self.transport = RecordingTransport(connection.transport)
        connection.transport = self.transport  # type: ignore[assignment]  # all that a connection uses of one
        self.writes = self.transport.writes
        self.server_state = connection.server_state
        self.end = end

    @property
    def connection(self) -> Any:
        """The protocol that has the server's end now."""
        return self.transport.get_protocol()

    def arrive(self, data: bytes) -> None:
        """Hand data to the server's end of the connection as one read."""
        self.connection.data_received(data)

    async def send(self, data: bytes) -> None:
        await asyncio.get_running_loop().sock_sendall(self.end, data)

    async def read(self) -> bytes:
        return await asyncio.get_running_loop().sock_recv(self.end, 65536)

    async def rest(self) -> bytes:
        """Read until the server closes the connection."""
        return b"".join([data async for data in self._reads()])

    async def _reads(self) -> AsyncIterator[bytes]:
        while data := await self.read():
            yield data


@asynccontextmanager
async def connected(
    application: Application,
    ends: tuple[socket.socket, socket.socket] | None = None,
    timetable: Timetable | None = None,
) -> AsyncIterator[Client]:
    """Open a connection to an application, over these sockets: the server's end and the client's."""
    config = Config(application, timetable or Timetable(time.monotonic), http=StreamProtocol)
    server, end = ends or socket.socketpair()
    end.setblocking(False)
    loop = asyncio.get_running_loop()
    transport, connection = await loop.connect_accepted_socket(
        lambda: StreamProtocol(config, ServerState(), {}), sock=server
    )
    client = Client(connection, end)
    del connection  # a test may wait for the end of its last reference
    try:
        with end:
            yield client
    finally:
        transport.abort()
        await asyncio.sleep(0)


async def exchange(application: Application, *reads: bytes) -> list[tuple[int, bytes]]:
    """Hand requests to a connection in these reads, the last with `Connection: close`; return the responses: status and body."""
    async with asyncio.timeout(30), connected(application) as client:
        for data in reads:
            client.arrive(data)
        return responses(await client.rest())


def responses(received: bytes) -> list[tuple[int, bytes]]:
    """Take responses that have a `Content-Length` apart; interim ones have none."""
    found = []
    while received:
        head, received = received.split(b"\r\n\r\n", 1)
        length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
        size = int(length[1]) if length else 0
        found.append((int(head.split()[1]), received[:size]))
        received = received[size:]
    return found
