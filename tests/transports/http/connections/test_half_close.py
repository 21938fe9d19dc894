"""A client that closes its side of the connection after its request gets a finite answer in full; a live stream ends."""

from __future__ import annotations

import json
import signal
import socket
import time

import httpx
import pytest

from tests.support.server_process import ServerProcess
from tests.transports.http.connections.opened import no_stream_is_left
from tests.transports.http.orders import (
    EVENTS,
    frames,
    new_order,
    order_events,
    publish,
    read_page,
    shipped,
)
from tests.transports.http.wire import Wire, post, request

GOOD = json.dumps(shipped()).encode()
IN_CHUNKS = request(EVENTS, "Content-Type: application/json", "Transfer-Encoding: chunked", method="POST")


def half_closed(server: ServerProcess, data: bytes, receive_buffer: int | None = None) -> Wire:
    """Send requests and close the sending side; the caller reads, and closes."""
    wire = Wire(server.port, receive_buffer)
    wire.send(data)
    wire.socket.shutdown(socket.SHUT_WR)
    return wire


@pytest.mark.parametrize("version", ["1.1", "1.0"])
@pytest.mark.parametrize(
    ("target", "accept", "status"),
    [
        ("/openapi.json", "*/*", 200),
        ("/docs", "*/*", 200),
        ("/metrics", "*/*", 200),
        (f"{EVENTS}?from=earliest", "application/json", 200),
        (f"{EVENTS}?wait=1", "application/json", 200),
        (f"{EVENTS}?limit=0", "application/json", 400),
        ("/nonsense", "*/*", 404),
    ],
)
def test_answer_is_sent_in_full(server: ServerProcess, version: str, target: str, accept: str, status: int) -> None:
    with half_closed(server, request(target, f"Accept: {accept}", version=version)) as wire:
        head = wire.head()
        assert head.status == status
        assert len(wire.rest()) == int(head.one("content-length"))


@pytest.mark.parametrize(
    "data", [post(EVENTS, GOOD), post(EVENTS, GOOD, version="1.0"), IN_CHUNKS + b"%x\r\n%b\r\n0\r\n\r\n" % (len(GOOD), GOOD)],
    ids=["length", "http-1.0", "chunks"],
)  # fmt: skip
def test_publish_is_acknowledged(server: ServerProcess, data: bytes) -> None:
    with half_closed(server, data) as wire:
        head = wire.head()
        assert head.status == 201
        assert len(wire.rest()) == int(head.one("content-length"))


@pytest.mark.parametrize("version", ["1.1", "1.0"])
def test_finite_stream_is_sent_in_full_to_a_slow_reader(
    server: ServerProcess, http: httpx.Client, version: str
) -> None:
    order = new_order()
    ids = [event_id for _ in range(5) for event_id in publish(http, *(shipped(order) for _ in range(1000)))]
    target = f"{EVENTS}?from=earliest&follow=false&orderId={order}"
    with half_closed(server, request(target, version=version), receive_buffer=4096) as wire:
        assert wire.head().status == 200
        stream = frames((wire.chunks() if version == "1.1" else wire.rest()).decode())
        assert wire.rest() == b""
    assert [event_id for event_id, _ in order_events(stream)] == ids
    assert stream[-1].event == "stream.closing"


def test_requests_in_a_pipeline_are_all_answered(server: ServerProcess) -> None:
    requests = [request("/health/live"), post(EVENTS, GOOD), request("/health/ready"), request("/nonsense")]
    with half_closed(server, b"".join(requests)) as wire:
        statuses = []
        for _ in requests:
            head = wire.head()
            wire.body(head)
            statuses.append(head.status)
        assert wire.rest() == b""
    assert statuses == [200, 201, 200, 404]


@pytest.mark.parametrize("before", [b"", request("/health/live")], ids=["alone", "behind another request"])
def test_page_is_answered_at_once_instead_of_waiting(server: ServerProcess, before: bytes) -> None:
    # The client may have left, which looks the same; it must not take the place of a stream until the time of its page is up.
    started = time.monotonic()
    page = request(f"{EVENTS}?wait=30", "Accept: application/json")
    server.signal(signal.SIGSTOP)  # so it finds the request and the end behind it in the same moment
    wire = half_closed(server, before + page)
    server.signal(signal.SIGCONT)
    with wire:
        for _ in range(2 if before else 1):
            body = wire.body(wire.head())
    assert json.loads(body)["events"] == []
    assert time.monotonic() - started < 20


def test_live_stream_ends(server: ServerProcess, http: httpx.Client) -> None:
    # An idle reader that leaves, as every closed tab does, sends nothing but the end of its side; it must not cost a stream until the
    # next heartbeat fails.
    with half_closed(server, request(EVENTS)) as wire:
        assert wire.closed_by_server()
        assert no_stream_is_left(http)


@pytest.mark.parametrize("data", [b"", b"\r\n", b"GET /hea", post(EVENTS, GOOD)[:-1], IN_CHUNKS + b"1\r\n{\r\n"])
def test_request_that_is_not_whole_is_dropped(server: ServerProcess, http: httpx.Client, data: bytes) -> None:
    before = read_page(http)["lastEventId"]
    with half_closed(server, data) as wire:
        assert wire.rest() == b""
    assert read_page(http)["lastEventId"] == before


def test_idle_connection_is_closed_behind_its_answers(server: ServerProcess) -> None:
    with Wire(server.port) as wire:
        wire.body(wire.get("/health/live"))
        wire.socket.shutdown(socket.SHUT_WR)
        assert wire.rest() == b""
