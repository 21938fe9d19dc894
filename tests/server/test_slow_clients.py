"""A client has so much time for each part of a request, and for what it is sent; then its connection is closed.

The clock is moved by hand, so no test waits for a deadline.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from app.server.take_over import TAKE_OVER
from tests.server.clock import Clock
from tests.server.connections import Application, Client, Recorder, answer, connected, read_body, responses

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n"
KIB = 1024
LONG = b"x" * 8_000_000  # more than the socket and the transport hold


def timed_out(received: bytes, part: str) -> bool:
    (response,) = responses(received)
    return response[0] == 408 and f"The {part} of the request".encode() in response[1]


class Late:
    """An application that answers no request before it is released."""

    def __init__(self) -> None:
        self.release = asyncio.Event()

    async def __call__(self, _scope: Any, _receive: Any, send: Any) -> None:
        await self.release.wait()
        await answer(send, b"late")


async def settled() -> None:
    """Let all that is ready on the event loop run."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_connection_that_sends_nothing_is_closed_without_a_word() -> None:
    clock = Clock()
    async with asyncio.timeout(30), connected(Recorder(), timetable=clock.timetable) as client:
        clock.pass_seconds(9)
        assert not client.transport.is_closing()
        clock.pass_seconds(1)
        assert await client.rest() == b""


async def test_connection_is_closed_if_no_other_request_follows() -> None:
    clock = Clock()
    async with asyncio.timeout(30), connected(Recorder(), timetable=clock.timetable) as client:
        for _ in range(5):
            clock.pass_seconds(9)
            client.arrive(GET)
            assert responses(await client.read())[0][0] == 200
        clock.pass_seconds(10)
        assert await client.rest() == b""


@pytest.mark.parametrize("before", [b"", GET], ids=["first", "second"])
async def test_head_that_comes_too_slowly_is_refused(before: bytes) -> None:
    clock = Clock()
    async with asyncio.timeout(30), connected(Recorder(), timetable=clock.timetable) as client:
        if before:
            client.arrive(before)
            assert responses(await client.read())[0][0] == 200
        client.arrive(b"GET / HTTP/1.1\r\nHost: x\r\n")
        for _ in range(10):
            clock.pass_seconds(1)
            client.arrive(b"A: b\r\n")
        assert timed_out(await client.rest(), "head")


@pytest.mark.parametrize("filler", [b"\r\n", b"G"], ids=["empty lines", "method"])
async def test_beginning_that_is_not_yet_a_head_is_refused_in_the_same_time(filler: bytes) -> None:
    clock = Clock()
    async with asyncio.timeout(30), connected(Recorder(), timetable=clock.timetable) as client:
        client.arrive(filler)
        clock.pass_seconds(10)
        assert timed_out(await client.rest(), "head")


async def test_each_head_has_its_own_time_although_reads_end_in_the_middle_of_it() -> None:
    clock = Clock()
    async with asyncio.timeout(30), connected(Recorder(), timetable=clock.timetable) as client:
        client.arrive(GET[:10])
        for _ in range(10):
            clock.pass_seconds(7)
            client.arrive(GET[10:] + GET[:10])
            assert responses(await client.read())[0][0] == 200


async def test_head_behind_a_request_that_is_being_answered_is_refused_after_the_answer() -> None:
    clock = Clock()
    async with asyncio.timeout(30), connected(late := Late(), timetable=clock.timetable) as client:
        client.arrive(GET + GET[:10])
        clock.pass_seconds(60)
        late.release.set()
        assert [status for status, _ in responses(await client.rest())] == [200, 408]


async def test_request_behind_two_others_waits_as_long_as_the_application_takes() -> None:
    clock = Clock()
    async with asyncio.timeout(30), connected(late := Late(), timetable=clock.timetable) as client:
        client.arrive(GET + GET + GET[:10])  # nothing more is read until the first one is answered
        clock.pass_seconds(60)
        late.release.set()
        await settled()
        client.arrive(GET[10:])
        received = b""
        while received.count(b"late") < 3:
            received += await client.read()
        assert [status for status, _ in responses(received)] == [200, 200, 200]


async def test_application_may_take_its_time() -> None:
    clock = Clock()
    async with asyncio.timeout(30), connected(late := Late(), timetable=clock.timetable) as client:
        client.arrive(GET)
        clock.pass_seconds(3600)
        late.release.set()
        assert responses(await client.read()) == [(200, b"late")]


async def send_body(client: Client, clock: Clock, size: int, bytes_per_second: int) -> None:
    """Send a request with a body, a part of it in each second, until all is sent or the connection is closed."""
    client.arrive(POST % size)
    for start in range(0, size, bytes_per_second):
        clock.pass_seconds(1)
        if client.transport.is_closing() or client.connection._is_ending:  # there is no other sign before it is read
            return
        client.arrive(b"x" * min(bytes_per_second, size - start))
        await settled()  # the application reads


@pytest.mark.parametrize("bytes_per_second", [1, 1000, 10 * KIB])
async def test_body_that_comes_too_slowly_is_refused(bytes_per_second: int) -> None:
    clock = Clock()
    async with asyncio.timeout(60), connected(recorder := Recorder(), timetable=clock.timetable) as client:
        await send_body(client, clock, 8_000_000, bytes_per_second)
        assert timed_out(await client.rest(), "body")
        assert recorder.requests == []


async def test_body_has_thirty_seconds_and_one_more_for_each_sixteen_kib() -> None:
    clock = Clock()
    async with asyncio.timeout(60), connected(Recorder(), timetable=clock.timetable) as client:
        await send_body(client, clock, 320 * KIB, 16 * KIB)
        assert responses(await client.read())[0][0] == 200
        client.arrive(POST % (320 * KIB))
        client.arrive(b"x" * 160 * KIB)
        await settled()
        clock.pass_seconds(38.9)
        assert not client.connection._is_ending
        clock.pass_seconds(1.1)
        assert timed_out(await client.rest(), "body")


async def test_line_of_sixteen_kib_a_second_may_send_the_longest_body() -> None:
    clock = Clock()
    async with asyncio.timeout(60), connected(recorder := Recorder(), timetable=clock.timetable) as client:
        await send_body(client, clock, 8 * KIB * KIB, 16 * KIB)
        assert responses(await client.read())[0][0] == 200
        assert len(recorder.requests[0].body) == 8 * KIB * KIB


async def test_body_behind_its_response_earns_no_time() -> None:
    async def prompt(_scope: Any, _receive: Any, send: Any) -> None:
        await answer(send, b"not found")

    clock = Clock()
    async with asyncio.timeout(30), connected(prompt, timetable=clock.timetable) as client:
        await send_body(client, clock, 40_000 * KIB, 1_000 * KIB)
        assert responses(await client.rest()) == [(200, b"not found")]


async def test_application_learns_that_the_body_does_not_come() -> None:
    clock = Clock()
    read: asyncio.Queue[str] = asyncio.Queue()

    async def application(_scope: Any, receive: Any, _send: Any) -> None:
        try:
            await read_body(receive)
        except ConnectionError:
            read.put_nowait("not whole")

    async with asyncio.timeout(30), connected(application, timetable=clock.timetable) as client:
        client.arrive(POST % 10)
        await settled()
        clock.pass_seconds(30)
        assert await read.get() == "not whole"
        assert timed_out(await client.rest(), "body")


async def test_body_that_the_application_does_not_read_yet_is_not_late() -> None:
    clock = Clock()
    release = asyncio.Event()

    async def application(_scope: Any, receive: Any, send: Any) -> None:
        await release.wait()
        await answer(send, b"%d" % len(await read_body(receive)))

    async with asyncio.timeout(30), connected(application, timetable=clock.timetable) as client:
        client.arrive(POST % 200_000)
        client.arrive(b"x" * 100_000)
        clock.pass_seconds(600)
        release.set()
        await settled()
        client.arrive(b"x" * 100_000)
        assert responses(await client.read()) == [(200, b"200000")]


async def test_client_that_was_sent_its_last_response_has_a_while_to_close() -> None:
    clock = Clock()
    async with asyncio.timeout(30), connected(Recorder(), timetable=clock.timetable) as client:
        client.arrive(b"not HTTP\r\n\r\n")
        assert responses(await client.read())[0][0] == 400
        clock.pass_seconds(9)
        assert not client.transport.is_closing()
        clock.pass_seconds(1)
        assert client.transport.is_closing()


# What the client is sent


async def stream(scope: Any, _receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    scope["extensions"][TAKE_OVER]["connection"](_Callbacks()).write(LONG)


async def respond(_scope: Any, _receive: Any, send: Any) -> None:
    await answer(send, LONG)


async def switch(scope: Any, _receive: Any, _send: Any) -> None:
    scope["extensions"][TAKE_OVER]["upgrade"]([], _Callbacks()).write(LONG)


async def bid_farewell(scope: Any, _receive: Any, _send: Any) -> None:
    scope["extensions"][TAKE_OVER]["upgrade"]([], _Callbacks()).end(LONG)


class _Callbacks:
    is_finite = False

    def writable(self) -> None: ...

    def lost(self) -> None: ...

    def received(self, data: bytes) -> None: ...


UPGRADE = GET[:-2] + b"Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
SENDING = [
    pytest.param(respond, GET, id="response"),
    pytest.param(stream, GET, id="stream"),
    pytest.param(switch, UPGRADE, id="other protocol"),
    pytest.param(bid_farewell, UPGRADE, id="other protocol's end"),
]


async def read_bytes(client: Client, count: int) -> None:
    while count > 0:
        received = await asyncio.get_running_loop().sock_recv(client.end, count)
        assert received, "The connection is closed."
        count -= len(received)
    await settled()


@pytest.mark.parametrize(
    ("bytes_a_second", "seconds", "is_cut"), [(0, 30, True), (1, 30, True), (10 * KIB, 300, False)]
)
@pytest.mark.parametrize(("application", "request_bytes"), SENDING)
async def test_client_is_cut_only_if_it_reads_too_little(
    application: Application, request_bytes: bytes, bytes_a_second: int, seconds: int, *, is_cut: bool
) -> None:
    clock = Clock()
    async with asyncio.timeout(60), connected(application, timetable=clock.timetable) as client:
        client.arrive(request_bytes)
        await settled()
        for _ in range(seconds):
            clock.pass_seconds(1)
            await read_bytes(client, bytes_a_second)
        assert client.transport.is_closing() == is_cut


@pytest.mark.parametrize(("application", "request_bytes"), SENDING[1:3])
async def test_client_that_has_read_everything_may_be_quiet_for_days(
    application: Application, request_bytes: bytes
) -> None:
    clock = Clock()
    async with asyncio.timeout(60), connected(application, timetable=clock.timetable) as client:
        client.arrive(request_bytes)
        await settled()
        clock.pass_seconds(20)
        await read_bytes(client, len(LONG))
        clock.pass_seconds(3600)
        assert not client.transport.is_closing()
