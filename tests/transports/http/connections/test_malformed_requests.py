"""A request that is not HTTP, or has no end, is answered with a problem that its client can read."""

from __future__ import annotations

import contextlib
import json

import httpx
import pytest

from app.server.connections.request_reader import MAX_HEAD_BYTES
from tests.support.server_process import ServerProcess
from tests.transports.http.connections.opened import no_stream_is_left, open_stream
from tests.transports.http.orders import EVENTS
from tests.transports.http.wire import Wire, post, request


@pytest.mark.parametrize(
    "garbage",
    [
        b"nonsense\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 100,  # the beginning of TLS
        b"GET /events/orders HTTP/9.9\r\nHost: localhost\r\n\r\n",
        b"GET /health/live HTTP/1.1\r\nHost : x\r\n\r\n",
        b"GET /health/live HTTP/1.1\r\nHost: localhost\r\nno colon\r\n\r\n",
        b"POST /events/orders HTTP/1.1\r\nHost: localhost\r\nContent-Length: abc\r\n\r\n",
        b"POST /events/orders HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
        b"POST /events/orders HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST /events/orders HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /events/orders HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
    ],
)
def test_a_request_that_is_not_http_is_answered_with_a_problem(server: ServerProcess, garbage: bytes) -> None:
    with Wire(server.port) as wire:
        wire.send(garbage)
        head = wire.head()
        body = wire.body(head)
    assert head.status == 400
    assert head.one("content-type") == "application/problem+json"
    assert json.loads(body)["status"] == 400
    assert len(body) <= 2048


def test_garbage_that_comes_with_the_request_of_a_stream_ends_it(server: ServerProcess, http: httpx.Client) -> None:
    with Wire(server.port) as wire:
        wire.send(request(EVENTS) + b"nonsense\r\n\r\n")
        assert wire.closed_by_server()
    assert no_stream_is_left(http)


def test_garbage_behind_a_stream_ends_it(server: ServerProcess, http: httpx.Client) -> None:
    with open_stream(server) as wire:
        wire.send(b"\x00\x01nonsense\r\n\r\n")
        assert wire.closed_by_server()
    assert no_stream_is_left(http)


ENDLESS = {
    "target": (b"GET /", b"x"),
    "value": (b"GET /health/live HTTP/1.1\r\nX: ", b"x"),
    "fields": (b"GET /health/live HTTP/1.1\r\n", b"a: b\r\n"),
    "nothing": (b"", b"\r\n"),
    "trailers": (
        request(EVENTS, "Content-Type: application/json", "Transfer-Encoding: chunked", method="POST") + b"0\r\n",
        b"a: b\r\n",
    ),
}


@pytest.mark.parametrize("name", ENDLESS)
def test_a_head_without_an_end_is_refused_before_it_fills_the_memory(
    server: ServerProcess, http: httpx.Client, name: str
) -> None:
    begun, more = ENDLESS[name]
    with Wire(server.port) as wire:
        wire.send(begun)
        for _ in range(2):  # by the first answer the connection has been accepted, and by the second its beginning read
            assert http.get("/health/live").status_code == 200
        wire.send((more * (MAX_HEAD_BYTES + 1))[: MAX_HEAD_BYTES + 1])
        head = wire.head()
        assert (head.status, head.one("connection")) == (431, "close")
        assert json.loads(wire.body(head))["title"] == "Request Header Fields Too Large"
        assert wire.closed_by_server()


def test_a_head_without_an_end_behind_a_stream_ends_it(server: ServerProcess, http: httpx.Client) -> None:
    begun, more = ENDLESS["fields"]
    with open_stream(server) as wire:
        wire.send(begun)
        with contextlib.suppress(ConnectionError):
            wire.send(more * MAX_HEAD_BYTES)
        assert wire.closed_by_server()
    assert no_stream_is_left(http)


def test_a_long_head_that_ends_is_answered(server: ServerProcess) -> None:
    with Wire(server.port) as wire:
        for _ in range(2):
            assert wire.get("/health/live", f"Cookie: {'c' * 60_000}").status == 200


def test_a_connection_that_sends_nothing_disturbs_no_other(server: ServerProcess, http: httpx.Client) -> None:
    silent = [Wire(server.port) for _ in range(20)]
    halting = [Wire(server.port) for _ in range(20)]
    for wire in halting:
        wire.send(b"GET /events/orders HTT")
    assert http.get("/health/ready").status_code == 200
    for wire in silent + halting:
        wire.socket.close()


@pytest.mark.parametrize("version", ["1.1", "1.0"])
@pytest.mark.parametrize(("target", "status"), [(EVENTS, 415), ("/nonsense", 404), ("/docs", 405)])
def test_a_client_that_is_answered_before_its_body_has_come_reads_the_answer(
    server: ServerProcess, version: str, target: str, status: int
) -> None:
    # More than the kernel takes on its own: were the connection closed at once, this would break with a reset.
    large = post(target, b"x" * 8_000_000, "Connection: close", content_type="text/plain", version=version)
    with Wire(server.port) as wire:
        wire.send(large)
        head = wire.head()
        assert head.status == status
        assert len(wire.rest()) == int(head.one("content-length"))
