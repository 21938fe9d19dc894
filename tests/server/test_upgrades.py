"""A connection that switches from HTTP to WebSocket: what the application decides, and what both sides send then."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from app.server.connections.upgraded_connection import UpgradedConnection
from app.server.take_over import TAKE_OVER, DuplexConnection
from tests.server.connections import Client, Recorder, answer, connected, exchange, responses

FIELDS = b"Host: x\r\nUpgrade: WebSocket\r\nConnection: keep-alive, Upgrade\r\n"
OFFER = b"GET /socket HTTP/1.1\r\n" + FIELDS + b"\r\n"
NEXT = b"GET /next HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
SWITCHED = b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n"
HEADERS = [(b"upgrade", b"websocket"), (b"connection", b"upgrade")]


class Echo:
    """An application that switches, and sends back what it receives. `received`, `events`: what the server has called."""

    connection: DuplexConnection

    def __init__(self) -> None:
        self.received_data = b""
        self.calls: list[str] = []
        self.takes_more = True

    async def __call__(self, scope: Any, _receive: Any, _send: Any) -> None:
        self.connection = scope["extensions"][TAKE_OVER]["upgrade"](HEADERS, self)

    def received(self, data: bytes) -> None:
        self.received_data += data
        self.takes_more = self.connection.write(data)

    def writable(self) -> None:
        self.calls.append("writable")

    def lost(self) -> None:
        self.calls.append("lost")


async def switched(client: Client) -> None:
    client.arrive(OFFER)
    await read(client, SWITCHED)


async def read(client: Client, expected: bytes) -> None:
    """Read as much as is expected, and compare."""
    received = b""
    while len(received) < len(expected):
        received += await client.read()
    assert received == expected


async def until(condition: Any) -> None:
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110  # callbacks of transports set no event
            await asyncio.sleep(0.001)


async def test_application_switches_and_both_sides_send() -> None:
    echo = Echo()
    async with connected(echo) as client:
        await switched(client)
        assert isinstance(client.connection, UpgradedConnection)
        for data in (b"\x81\x80one", b"GET / HTTP/1.1\r\n\r\n", b"\0" * 1000):
            await client.send(data)
            await read(client, data)


async def test_data_that_came_with_the_request_is_received_after_the_switch() -> None:
    echo = Echo()
    async with connected(echo) as client:
        client.arrive(OFFER + b"first")
        await read(client, SWITCHED + b"first")
        await client.send(b"second")
        assert await client.read() == b"second"
        assert echo.received_data == b"firstsecond"


@pytest.mark.parametrize("at", range(1, len(OFFER) + 5))
async def test_request_may_come_in_two_reads(at: int) -> None:
    echo = Echo()
    data = OFFER + b"first"
    async with connected(echo) as client:
        client.arrive(data[:at])
        client.arrive(data[at:])
        await read(client, SWITCHED + b"first")


async def test_refused_request_is_followed_by_the_next_one_as_if_it_had_offered_nothing() -> None:
    recorder = Recorder()
    assert await exchange(recorder, OFFER + NEXT) == [(200, b"1"), (200, b"2")]
    assert [each.target for each in recorder.requests] == ["/socket", "/next"]
    assert recorder.requests[0].fields == {
        "host": "x",
        "connection": "keep-alive, Upgrade",
        "upgrade": "WebSocket",
    }


@pytest.mark.parametrize(
    "head",
    [
        b"GET /socket HTTP/1.0\r\n" + FIELDS + b"\r\n",
        b"POST /socket HTTP/1.1\r\n" + FIELDS + b"Content-Length: 0\r\n\r\n",
        b"GET /socket HTTP/1.1\r\n" + FIELDS + b"Content-Length: 1\r\n\r\na",
        b"GET /socket HTTP/1.1\r\n" + FIELDS + b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
        b"GET /socket HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
        b"GET /socket HTTP/1.1\r\nHost: x\r\nUpgrade: websockets\r\nConnection: Upgrade\r\n\r\n",
        b"GET /socket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n\r\n",
    ],
    ids=["1.0", "POST", "body", "chunks", "h2c", "other name", "no offer"],
)
async def test_request_that_may_not_switch_is_served_as_if_it_had_offered_nothing(head: bytes) -> None:
    seen: list[tuple[bool, bool]] = []

    async def application(scope: Any, _receive: Any, send: Any) -> None:
        names = {name for name, _ in scope["headers"]}
        seen.append(("upgrade" in scope["extensions"][TAKE_OVER], b"upgrade" in names))
        await answer(send, b"")

    await exchange(application, head + NEXT)
    assert seen[0] == (False, False)


async def test_offer_among_others_is_passed_on() -> None:
    echo = Echo()
    async with connected(echo) as client:
        client.arrive(OFFER.replace(b"WebSocket", b"h2c, websocket"))
        assert await client.read() == SWITCHED


async def test_offer_behind_another_request_waits_for_its_turn() -> None:
    echo = Echo()

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await (answer(send, b"first") if scope["path"] == "/next" else echo(scope, receive, send))

    async with connected(application) as client:
        client.arrive(b"GET /next HTTP/1.1\r\nHost: x\r\n\r\n" + OFFER + b"data")
        received = b""
        while not received.endswith(b"data"):
            received += await client.read()
        first, _, behind = received.partition(SWITCHED)
        assert responses(first) == [(200, b"first")]
        assert behind == b"data"


async def test_connection_switches_once_only() -> None:
    async def application(scope: Any, _receive: Any, _send: Any) -> None:
        verbs = scope["extensions"][TAKE_OVER]
        echo = Echo()
        echo.connection = verbs["upgrade"](HEADERS, echo)
        with pytest.raises(RuntimeError, match="once"):
            verbs["upgrade"](HEADERS, Echo())
        echo.connection.write(b"said once")

    async with connected(application) as client:
        client.arrive(OFFER)
        await read(client, SWITCHED + b"said once")


async def test_client_that_closes_its_side_has_left() -> None:
    echo = Echo()
    async with connected(echo) as client:
        await switched(client)
        client.end.shutdown(1)
        assert await client.rest() == b""
        await until(lambda: echo.calls == ["lost"])
        assert client.server_state.connections == set()


async def test_client_that_left_before_the_switch_is_lost_to_the_application() -> None:
    go_on = asyncio.Event()
    echo = Echo()

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await go_on.wait()
        await echo(scope, receive, send)

    async with connected(application) as client:
        client.arrive(OFFER)
        client.end.shutdown(1)
        await asyncio.sleep(0)
        await until(lambda: not client.connection.cycle.keep_alive)
        go_on.set()
        await until(lambda: echo.calls == ["lost"])
        assert await client.rest() == b""


async def test_end_lets_the_client_read_everything_and_discards_what_it_sends() -> None:
    echo = Echo()
    async with connected(echo) as client:
        await switched(client)
        echo.connection.end(b"last")
        assert await client.rest() == b"last"
        await client.send(b"x" * 100_000)
        client.end.shutdown(1)
        await until(lambda: echo.calls == ["lost"])
        assert echo.received_data == b""


async def test_client_that_does_not_read_is_not_read_from() -> None:
    echo = Echo()
    async with connected(echo) as client:
        await switched(client)
        sent = 0
        while echo.takes_more:
            await client.send(b"x" * 65_536)
            sent += 65_536
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(client.send(b"x" * 10_000_000), 1)
        assert not echo.takes_more
        assert client.connection.transport.get_write_buffer_size() < 2_000_000
        received = 0
        while received < sent:
            received += len(await client.read())
        await until(lambda: "writable" in echo.calls)


async def test_application_may_pause_reading() -> None:
    echo = Echo()
    async with connected(echo) as client:
        await switched(client)
        echo.connection.pause_reading()
        assert not client.connection.transport.is_reading()
        await client.send(b"data")
        echo.connection.resume_reading()
        assert await client.read() == b"data"
