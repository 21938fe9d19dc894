"""What a connection is while a stream has it, and what it is again when the stream has ended."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from app.server.connections.protocol import StreamProtocol
from app.server.connections.stream_connection import StreamConnection
from app.server.take_over import TAKE_OVER, Connection
from tests.server.connections import Client, answer, connected, responses

GET = b"GET /stream HTTP/1.1\r\nHost: x\r\n\r\n"
NEXT = b"GET /next HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST /stream HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n"
START = {"type": "http.response.start", "status": 200, "headers": []}


class RecordingStream:
    """A stream that writes nothing by itself, and records which of its callbacks were called."""

    def __init__(self, *, is_finite: bool) -> None:
        self.is_finite = is_finite
        self.calls: list[str] = []

    def writable(self) -> None:
        self.calls.append("writable")

    def lost(self) -> None:
        self.calls.append("lost")


class Streaming:
    """An application: `/stream` is answered by a stream, everything else at once."""

    def __init__(self, *, is_finite: bool = False) -> None:
        self.stream = RecordingStream(is_finite=is_finite)
        self.cycles: list[weakref.ref[Any]] = []
        self._opened: asyncio.Future[Connection] = asyncio.get_running_loop().create_future()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] != "/stream":
            await answer(send, scope["path"].encode())
            return
        self.cycles.append(weakref.ref(receive.__self__))  # uvicorn's object for a request and its response
        await send(START)
        connection = scope["extensions"][TAKE_OVER]["connection"](self.stream)
        with pytest.raises(RuntimeError, match="once"):
            scope["extensions"][TAKE_OVER]["connection"](self.stream)
        self._opened.set_result(connection)

    async def opened(self, client: Client, request: bytes = GET) -> Connection:
        """Send the request for the stream; return its connection once the application has returned."""
        await client.send(request)
        connection = await self._opened
        await asyncio.gather(*client.server_state.tasks)
        return connection

    @property
    def calls(self) -> list[str]:
        return self.stream.calls


@pytest.fixture
def only_references_count() -> Iterator[None]:
    """Collect no cycles of references: what they keep would stay in memory until the next full collection."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("only_references_count")
async def test_nothing_stays_of_the_request_and_its_protocol() -> None:
    async with asyncio.timeout(30), connected(app := Streaming()) as client:
        http = weakref.ref(client.connection)
        await app.opened(client)
        assert app.cycles[0]() is None
        assert http() is None
        assert isinstance(client.connection, StreamConnection)


@pytest.mark.usefixtures("only_references_count")
async def test_nothing_stays_of_a_body_that_was_sent_during_the_stream() -> None:
    async with asyncio.timeout(30), connected(app := Streaming()) as client:
        http = weakref.ref(client.connection)
        connection = await app.opened(client, POST % 60)
        client.arrive(NEXT + b"x" * (60 - len(NEXT)))
        connection.write(b"still open")
        assert app.cycles[0]() is None
        assert http() is None


async def test_head_and_first_part_are_one_write() -> None:
    async with asyncio.timeout(30), connected(app := Streaming()) as client:
        connection = await app.opened(client)
        connection.write(connection.coding(b"a"))
        connection.write(connection.coding(b"b"))
        first, second = client.writes
        assert first.startswith(b"HTTP/1.1 200 OK\r\n")
        assert first.endswith(b"\r\n\r\n1\r\na\r\n")
        assert second == b"1\r\nb\r\n"


async def test_stream_that_ends_with_its_first_part_has_its_head() -> None:
    async with asyncio.timeout(30), connected(app := Streaming()) as client:
        connection = await app.opened(client)
        connection.end(connection.coding(b"a"))
        (whole,) = client.writes
        assert whole.startswith(b"HTTP/1.1 200 OK\r\n")
        assert whole.endswith(b"\r\n\r\n1\r\na\r\n0\r\n\r\n")


@pytest.mark.parametrize("is_finite", [True, False], ids=["finite", "live"])
async def test_next_request_is_answered_after_the_stream(is_finite: bool) -> None:
    async with asyncio.timeout(30), connected(app := Streaming(is_finite=is_finite)) as client:
        connection = await app.opened(client)
        connection.end(b"")
        assert isinstance(client.connection, StreamProtocol)
        assert client.server_state.total_requests == 1
        await client.read()
        for number in (2, 3):
            await client.send(NEXT)
            assert responses(await client.read()) == [(200, b"/next")]
            assert client.server_state.total_requests == number
    assert app.calls == []


@pytest.mark.parametrize("at", range(1, len(NEXT) - 1, 5))
async def test_next_request_may_begin_during_the_stream(at: int) -> None:
    async with asyncio.timeout(30), connected(app := Streaming()) as client:
        connection = await app.opened(client)
        client.arrive(b"\r\n" + NEXT[:at])
        connection.end(b"")
        await client.read()
        await client.send(NEXT[at:])
        assert responses(await client.read()) == [(200, b"/next")]


@pytest.mark.parametrize("sent_first", [0, 10, 1000])
async def test_rest_of_a_body_is_not_read_as_a_request(sent_first: int) -> None:
    body = NEXT * 100
    async with asyncio.timeout(30), connected(app := Streaming()) as client:
        connection = await app.opened(client, POST % len(body) + body[:sent_first])
        client.arrive(body[sent_first:])
        connection.end(b"")
        await client.read()
        await client.send(NEXT)
        assert responses(await client.read()) == [(200, b"/next")]


async def test_rest_of_a_body_may_come_after_the_stream() -> None:
    async with asyncio.timeout(30), connected(app := Streaming()) as client:
        connection = await app.opened(client, POST % len(NEXT) + NEXT[:10])
        connection.end(b"")
        await client.read()
        await client.send(NEXT[10:] + NEXT)
        assert responses(await client.read()) == [(200, b"/next")]


async def test_connection_that_is_not_kept_lets_its_client_send_the_body_to_its_end() -> None:
    async with asyncio.timeout(30), connected(app := Streaming()) as client:
        head = (POST % 5_000_000).replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
        connection = await app.opened(client, head)
        connection.end(connection.coding(b"last"))
        assert (await client.read()).endswith(b"4\r\nlast\r\n0\r\n\r\n")
        for _ in range(50):  # closed at once, the connection would break here, and the answer could be lost
            await client.send(b"x" * 10_000)
        assert await client.rest() == b""


@pytest.mark.parametrize(
    "behind", [NEXT, b"nonsense\r\n\r\n", b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 20_000], ids=["request", "garbage", "endless"]
)  # fmt: skip
async def test_what_may_not_be_sent_behind_a_stream_ends_it(behind: bytes) -> None:
    async with asyncio.timeout(30), connected(app := Streaming()) as client:
        await app.opened(client)
        for at in range(0, len(behind), 7):
            client.arrive(behind[at : at + 7])
        with suppress(ConnectionError):
            assert await client.rest() == b""
        assert app.calls == ["lost"]
        assert client.server_state.connections == set()


async def test_server_has_each_connection_once() -> None:
    async with asyncio.timeout(30), connected(app := Streaming()) as client:
        connection = await app.opened(client)
        assert [*client.server_state.connections] == [client.connection]
        client.arrive(NEXT[:10])
        assert [*client.server_state.connections] == [client.connection]
        connection.end(b"")
        assert [*client.server_state.connections] == [client.connection]


async def test_server_that_stops_closes_the_connection() -> None:
    async with asyncio.timeout(30), connected(app := Streaming()) as client:
        connection = await app.opened(client)
        connection.write(b"last")
        for each in client.server_state.connections:
            each.shutdown()
        assert (await client.rest()).endswith(b"last")
    assert app.calls == ["lost"]
    assert client.server_state.connections == set()


async def test_stream_of_an_application_that_fails_afterwards_is_lost() -> None:
    stream = RecordingStream(is_finite=False)

    async def application(scope: Any, _receive: Any, send: Any) -> None:
        await send(START)
        scope["extensions"][TAKE_OVER]["connection"](stream)
        raise ZeroDivisionError

    async with asyncio.timeout(30), connected(application) as client:
        await client.send(GET)
        assert await client.rest() == b""
    assert stream.calls == ["lost"]


@pytest.mark.parametrize(
    "request_", [GET.replace(b"1.1", b"1.0"), GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")]
)
async def test_connection_that_is_not_kept_is_closed_after_the_stream(request_: bytes) -> None:
    async with asyncio.timeout(30), connected(app := Streaming()) as client:
        connection = await app.opened(client, request_)
        connection.end(connection.coding(b"last"))
        assert (await client.rest()).endswith(b"\r\n\r\nlast" if b"1.0" in request_ else b"4\r\nlast\r\n0\r\n\r\n")
    assert app.calls == []
    assert client.server_state.total_requests == 1


async def test_finite_stream_of_a_client_that_closed_its_side_is_sent_in_full() -> None:
    async with asyncio.timeout(30), connected(app := Streaming(is_finite=True)) as client:
        connection = await app.opened(client)
        assert client.connection.eof_received() is True
        connection.end(connection.coding(b"last"))
        assert (await client.rest()).endswith(b"last\r\n0\r\n\r\n")
    assert app.calls == []


async def test_live_stream_of_a_client_that_closed_its_side_is_lost() -> None:
    async with asyncio.timeout(30), connected(app := Streaming()) as client:
        await app.opened(client)
        client.end.shutdown(1)
        assert await client.rest() == b""
    assert app.calls == ["lost"]


async def test_full_connection_takes_no_more_until_it_is_writable() -> None:
    async with asyncio.timeout(30), connected(app := Streaming()) as client:
        connection = await app.opened(client)
        assert connection.write(b"a") is True
        client.connection.pause_writing()
        assert connection.write(b"b") is False
        client.connection.resume_writing()
        assert app.calls == ["writable"]
        assert connection.write(b"c") is True


async def test_connection_that_is_full_at_the_end_of_the_stream_is_full_for_the_next_response() -> None:
    async with asyncio.timeout(30), connected(app := Streaming()) as client:
        connection = await app.opened(client)
        client.connection.pause_writing()
        connection.end(b"")
        await client.read()
        client.arrive(NEXT)
        for _ in range(10):
            await asyncio.sleep(0)
        assert len(client.writes) == 1
        client.connection.resume_writing()
        assert responses(await client.read()) == [(200, b"/next")]


async def test_stream_of_a_client_that_has_left_is_lost() -> None:
    async with asyncio.timeout(30), connected(app := Streaming()) as client:
        client.arrive(GET)
        client.connection.transport.abort()
        connection = await app.opened(client, b"")
        assert connection.write(b"a") is False
        connection.end(b"b")
    assert app.calls == ["lost"]
