"""What the protocol promises to any application, on a connection without a server around it."""

from __future__ import annotations

import asyncio
import gc
import socket
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from uvicorn.server import ServerState

from app.server.protocol import StreamProtocol
from app.server.take_over import TAKE_OVER

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
PATIENCE_SECONDS = 30


class Silent:
    """A stream that says nothing."""

    def writable(self) -> None:
        """Have nothing to write."""

    def lost(self) -> None:
        """Have nothing to give back."""


@asynccontextmanager
async def connected(application: Callable[[Any, Any, Any], Awaitable[None]]) -> AsyncIterator[socket.socket]:
    """Give the client's end of a connection that an application answers."""
    config = uvicorn.Config(application, http=StreamProtocol, log_config=None)
    server, client = socket.socketpair()
    loop = asyncio.get_running_loop()
    transport, _ = await loop.connect_accepted_socket(lambda: StreamProtocol(config, ServerState(), {}), sock=server)
    with client:
        yield client
    transport.abort()
    await asyncio.sleep(0)


def test_nothing_is_kept_of_the_request_of_a_stream() -> None:
    kept: list[weakref.ref[Any]] = []

    async def application(scope: Any, _receive: Any, send: Any) -> None:
        kept.append(weakref.ref(send.__self__))  # what uvicorn knows of a request and its response
        await send({"type": "http.response.start", "status": 200, "headers": []})
        scope["extensions"][TAKE_OVER]["connection"](Silent())

    async def work() -> None:
        async with asyncio.timeout(PATIENCE_SECONDS), connected(application) as client:
            client.sendall(GET)
            while not kept or kept[0]() is not None:
                await asyncio.sleep(0)
                gc.collect()

    asyncio.run(work())


def test_request_that_runs_learns_that_its_client_left_although_another_is_in_line() -> None:
    async def work() -> None:
        told: asyncio.Queue[str] = asyncio.Queue()

        async def application(_scope: Any, receive: Any, _send: Any) -> None:
            for _ in range(2):
                await told.put((await receive())["type"])

        async with asyncio.timeout(PATIENCE_SECONDS):
            async with connected(application) as client:
                client.sendall(GET + GET)
                assert await told.get() == "http.request"
            assert await told.get() == "http.disconnect"

    asyncio.run(work())
