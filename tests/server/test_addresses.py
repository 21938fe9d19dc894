"""The addresses of the two ends of a connection, as the application sees them."""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from collections.abc import Callable
from typing import Any

import pytest
import uvloop
from uvicorn.server import ServerState

from app.server.config import Config
from app.server.connections.protocol import StreamProtocol
from app.server.connections.timetable import Timetable
from app.server.listener import listen
from tests.server.connections import answer

RESET_ON_CLOSE = struct.pack("ii", 1, 0)
LOOPS = pytest.mark.parametrize("new_loop", [uvloop.new_event_loop, asyncio.new_event_loop])


async def scope_of(listener: socket.socket, client: socket.socket) -> Any:
    """Connect, send a request, and return its scope."""
    scopes: asyncio.Queue[Any] = asyncio.Queue()

    async def application(scope: Any, _receive: Any, send: Any) -> None:
        scopes.put_nowait(scope)
        await answer(send, b"")

    config = Config(application, Timetable(time.monotonic), http=StreamProtocol)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: StreamProtocol(config, ServerState(), {}), sock=listener)
    async with server, asyncio.timeout(30):
        client.connect(listener.getsockname())
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        return await scopes.get()


@LOOPS
@pytest.mark.parametrize(("host", "family"), [("127.0.0.1", socket.AF_INET), ("::1", socket.AF_INET6)])
def test_a_request_has_the_addresses_of_its_connection(
    new_loop: Callable[[], asyncio.AbstractEventLoop], host: str, family: socket.AddressFamily
) -> None:
    with listen(host, 0) as listener, socket.socket(family) as client, asyncio.Runner(loop_factory=new_loop) as runner:
        port = listener.getsockname()[1]
        scope = runner.run(scope_of(listener, client))
        assert scope["server"] == (host, port)
        assert scope["client"] == (host, client.getsockname()[1])
        assert scope["scheme"] == "http"


@LOOPS
def test_a_client_that_left_before_it_was_accepted_is_not_a_fault(
    new_loop: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    with (
        listen("127.0.0.1", 0) as listener,
        socket.socket() as gone,
        socket.socket() as client,
        asyncio.Runner(loop_factory=new_loop) as runner,
    ):
        gone.connect(listener.getsockname())
        gone.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        gone.close()
        unseen: list[Any] = []
        runner.get_loop().set_exception_handler(lambda _loop, context: unseen.append(context))
        assert runner.run(scope_of(listener, client))["client"] == client.getsockname()
        assert not unseen
