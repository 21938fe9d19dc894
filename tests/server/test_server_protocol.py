"""The promises of a connection to any application, tested on a connection without a server around it."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest

from app.server.connections.timetable import NEVER
from tests.server.connections import answer, connected

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


async def test_running_request_is_notified_that_its_client_left_although_another_one_waits() -> None:
    received: asyncio.Queue[str] = asyncio.Queue()

    async def application(_scope: Any, receive: Any, _send: Any) -> None:
        for _ in range(2):
            await received.put((await receive())["type"])

    async with connected(application) as client:
        await client.send(GET + GET)
        assert await received.get() == "http.request"
    assert await received.get() == "http.disconnect"


async def test_no_deadline_is_left_of_a_connection_that_its_client_reset() -> None:
    async def application(_scope: Any, _receive: Any, send: Any) -> None:
        await answer(send, b"")

    async with connected(application) as client:
        await client.send(GET)
        await client.read()
        assert client.connection.due_second != NEVER
        client.connection.connection_lost(ConnectionResetError())
        assert client.connection.due_second == NEVER


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_application_is_given_both_addresses_of_a_connection(host: str) -> None:
    scopes: list[Any] = []

    async def application(scope: Any, _receive: Any, send: Any) -> None:
        scopes.append(scope)
        await answer(send, b"")

    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family) as listener:
        async with asyncio.timeout(30), connected(application, over(listener)) as client:
            await client.send(GET)
            await client.read()
            assert scopes[0]["server"] == listener.getsockname()[:2]
            assert scopes[0]["client"] == client.end.getsockname()[:2]


def over(listener: socket.socket) -> tuple[socket.socket, socket.socket]:
    """Connect to a listening socket; return the server's end and the client's."""
    end = socket.create_connection(listener.getsockname()[:2])
    server, _ = listener.accept()
    return server, end
