"""The head of a response is written together with the beginning of its body."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.server.connections import Application, answer, connected, responses

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n"
START = {"type": "http.response.start", "status": 200, "headers": []}


async def reply(_scope: Any, _receive: Any, send: Any) -> None:
    await answer(send, b"whole")


async def reply_to_head(_scope: Any, _receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"5")]})
    await send({"type": "http.response.body"})


async def fail_after_the_head(_scope: Any, _receive: Any, send: Any) -> None:
    await send(START)
    raise ZeroDivisionError


@pytest.mark.parametrize(
    ("application", "request_", "written"),
    [
        (reply, GET, b"\r\n\r\nwhole"),
        (reply, GET.replace(b"1.1", b"1.0"), b"\r\n\r\nwhole"),
        (reply, GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"), b"\r\n\r\nwhole"),
        (reply_to_head, GET.replace(b"GET", b"HEAD"), b"\r\n\r\n"),
        (fail_after_the_head, GET, b"\r\n\r\n"),
    ],
    ids=["keep-alive", "http-1.0", "close", "head", "fault"],
)
async def test_a_response_is_one_write(application: Application, request_: bytes, written: bytes) -> None:
    async with asyncio.timeout(30), connected(application) as client:
        await client.send(request_)
        assert (await client.read()).endswith(written)
        assert len(client.writes) == 1


async def test_the_parts_of_a_body_are_written_when_they_are_sent() -> None:
    async def application(_scope: Any, _receive: Any, send: Any) -> None:
        await send(START)
        for part in (b"", b"a", b"b"):
            await send({"type": "http.response.body", "body": part, "more_body": part != b"b"})

    async with asyncio.timeout(30), connected(application) as client:
        await client.send(GET)
        received = b""
        while not received.endswith(b"0\r\n\r\n"):
            received += await client.read()
        head, *parts = client.writes
        assert head.endswith(b"\r\n\r\n")
        assert parts == [b"1\r\na\r\n", b"1\r\nb\r\n0\r\n\r\n"]


async def test_an_interim_response_is_written_before_the_body_of_the_request() -> None:
    async def application(_scope: Any, receive: Any, send: Any) -> None:
        message = await receive()
        await answer(send, message["body"])

    async with asyncio.timeout(30), connected(application) as client:
        await client.send(POST + b"Expect: 100-continue\r\n\r\n")
        assert await client.read() == b"HTTP/1.1 100 Continue\r\n\r\n"
        await client.send(b"body body")
        assert responses(await client.read()) == [(200, b"body body")]


async def test_a_request_whose_body_is_refused_before_its_answer_is_written_gets_the_refusal() -> None:
    begun = asyncio.Event()

    async def application(_scope: Any, receive: Any, send: Any) -> None:
        await send(START)
        begun.set()
        while (await receive())["type"] != "http.disconnect":
            pass

    async with asyncio.timeout(30), connected(application) as client:
        await client.send(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        await begun.wait()
        await client.send(b"nonsense\r\n")
        (refusal,) = responses(await client.rest())
        assert refusal[0] == 400
