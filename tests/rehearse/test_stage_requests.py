"""The requests that a consumer can make: with what it asks for, and with what it reports."""

from __future__ import annotations

import asyncio

import pytest

from app.rehearse.observed.observations import Form
from app.rehearse.stage.incoming_request import IncomingRequest, read_request


async def read(head: str, body: bytes = b"") -> IncomingRequest:
    reader = asyncio.StreamReader()
    reader.feed_data(head.replace("\n", "\r\n").encode() + b"\r\n\r\n" + body)
    reader.feed_eof()
    request = await read_request(reader)
    assert request is not None
    return request


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("text/event-stream", Form.FOLLOWED),
        ("application/json, text/plain, */*", Form.FOLLOWED),
        ("application/json, */*;q=0.1", Form.PAGE),
        ("application/json", Form.PAGE),
        ("text/html", None),
    ],
)
async def test_accept_is_read_as_the_server_reads_it(accept: str, form: Form | None) -> None:
    assert (await read(f"GET /events/orders HTTP/1.1\nAccept: {accept}")).form is form


async def test_report_may_come_in_chunks() -> None:
    body = b'5\r\n{"id"\r\n6;x=y\r\n: "a"}\r\n0\r\n\r\n'
    request = await read("POST /rehearsal/applied HTTP/1.1\nTransfer-Encoding: chunked", body)
    assert request.body == b'{"id": "a"}'
    assert b"content-length: 11\r\n" in request.passed_on()
    assert b"chunked" not in request.passed_on()
