"""A refused request is answered after the requests in front of it, and a client that is still sending can read its last answer."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

from tests.server.clock import Clock
from tests.server.connections import Client, Recorder, answer, connected, exchange, read_body, responses

GET = b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n"
GARBAGE = b"}\r\n\r\n"
CHUNKED = b"POST /b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"
BAD_CHUNK = b"nonsense\r\n"


def statuses(answers: list[tuple[int, bytes]]) -> list[int]:
    return [status for status, _ in answers]


@pytest.mark.parametrize(
    "following", [GARBAGE, b"GET /b HTTP/1.1\r\n\r\n", CHUNKED + BAD_CHUNK], ids=["head", "host", "body"]
)
async def test_requests_in_front_of_it_are_answered_first(following: bytes) -> None:
    recorder = Recorder()
    assert statuses(await exchange(recorder, GET + GET + following)) == [200, 200, 400]
    assert len(recorder.requests) == 2


async def test_nothing_behind_it_is_served() -> None:
    recorder = Recorder()
    assert statuses(await exchange(recorder, GET + GARBAGE + GET, GET)) == [200, 400]
    assert len(recorder.requests) == 1


async def test_request_whose_body_is_refused_is_not_answered_by_its_application() -> None:
    left = asyncio.Event()

    async def application(_scope: Any, receive: Any, send: Any) -> None:
        try:
            await read_body(receive)
        except ConnectionError:
            await answer(send, b"as if all were well")
            left.set()

    async with asyncio.timeout(30), connected(application) as client:
        client.arrive(CHUNKED)
        await asyncio.sleep(0)
        client.arrive(BAD_CHUNK)
        await left.wait()
        assert statuses(responses(await client.rest())) == [400]


async def test_request_that_was_answered_before_its_body_is_refused_gets_no_second_answer() -> None:
    async def application(_scope: Any, _receive: Any, send: Any) -> None:
        await answer(send, b"early")

    async with asyncio.timeout(30), connected(application) as client:
        client.arrive(CHUNKED)
        assert responses(await client.read()) == [(200, b"early")]
        client.arrive(BAD_CHUNK)
        assert await client.rest() == b""


async def test_client_that_is_still_sending_reads_the_answer() -> None:
    async with asyncio.timeout(30), connected(Recorder()) as client:
        await client.send(GARBAGE + b"x" * 100_000)
        assert await client.read() != b""
        for _ in range(100):  # closed at once, the connection would break here, and the answer could be lost
            await client.send(b"x" * 10_000)
        assert await client.rest() == b""


async def test_client_that_is_still_sending_when_the_server_stops_reads_the_answer() -> None:
    released = asyncio.Event()

    async def application(_scope: Any, _receive: Any, send: Any) -> None:
        await released.wait()
        await answer(send, b"early")

    async with asyncio.timeout(30), connected(application) as client:
        client.arrive(b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 2000000\r\n\r\n")
        await asyncio.sleep(0)
        client.connection.shutdown()
        released.set()
        assert responses(await client.read()) == [(200, b"early")]
        for _ in range(100):
            await client.send(b"x" * 10_000)
        assert await client.rest() == b""


async def send_without_end(client: Client) -> None:
    while True:
        await client.send(b"x" * 1000)
        await asyncio.sleep(0)


async def test_client_that_goes_on_sending_is_cut_after_a_while() -> None:
    clock = Clock()
    async with asyncio.timeout(30), connected(Recorder(), timetable=clock.timetable) as client:
        client.arrive(GARBAGE)
        for _ in range(10):
            await client.send(b"x" * 1000)
            clock.pass_seconds(1)
        with pytest.raises(ConnectionError):
            await send_without_end(client)


async def test_client_that_closes_its_side_gets_the_answers_and_the_refusal() -> None:
    async with asyncio.timeout(30), connected(Recorder()) as client:
        await client.send(GET + GARBAGE)
        client.end.shutdown(1)
        assert statuses(responses(await client.rest())) == [200, 400]


async def test_log_names_the_client_of_a_refused_request(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with connected(Recorder()) as client:
        # What uvicorn's loggers pass on depends on the tests that ran before in this process.
        logger = logging.getLogger("uvicorn.error")
        monkeypatch.setattr(logger, "disabled", False)
        caplog.set_level(logging.INFO, logger="uvicorn.error")
        monkeypatch.setattr(logger, "propagate", False)
        monkeypatch.setattr(logger, "handlers", [caplog.handler])
        client.connection.client = ("192.0.2.1", 50_000)
        client.arrive(GARBAGE)
    assert [each.__dict__["fields"] for each in caplog.records] == [{"client": "192.0.2.1"}]
