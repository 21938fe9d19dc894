"""HTTP itself: methods, versions, pipelines, clients that leave, and what is no HTTP at all."""

from __future__ import annotations

import contextlib
import json
import socket
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from app.server.request_reader import MAX_HEAD_BYTES
from tests.support.server_process import ServerProcess
from tests.transports.http.orders import EVENTS, eventually, new_order, publish, read_page, shipped, streams_open
from tests.transports.http.wire import PATIENCE_SECONDS, Wire, post, request

GOOD = json.dumps(shipped()).encode()


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    """A server whose heartbeats come too late to notice that a client has left."""
    with ServerProcess("--store", "memory:", "--heartbeat-seconds", "30") as server:
        yield server


def no_stream_is_left(http: httpx.Client) -> bool:
    return eventually(lambda: streams_open(http) == 0, seconds=20)


@pytest.fixture(autouse=True)
def all_streams_end(http: httpx.Client) -> None:
    """Begin with no stream open, so that each test can count its own."""
    assert no_stream_is_left(http)


def open_stream(server: ServerProcess, query: str = "") -> Wire:
    """Open a stream and read its first write; the caller closes it."""
    wire = Wire(server.port)
    assert wire.get(f"{EVENTS}?{query}").status == 200
    wire.chunk()
    return wire


# HEAD


def test_head_has_the_headers_of_the_stream_and_ends_at_once(server: ServerProcess) -> None:
    with Wire(server.port) as wire:
        head = wire.get(EVENTS, method="HEAD")
        following = wire.get("/health/live")
        assert json.loads(wire.body(following)) == {"status": "live"}
    with Wire(server.port) as wire:
        stream = wire.get(EVENTS)

    assert head.status == 200
    for name in ("content-type", "cache-control", "x-accel-buffering"):
        assert head.all(name) == stream.all(name)
    assert head.all("content-length") == []


@pytest.mark.parametrize(
    "path",
    [
        EVENTS,
        f"{EVENTS}?from=earliest&limit=5",
        f"{EVENTS}?lastEventId=nope",
        "/event-types",
        "/event-types/order.shipped/1.0.0",
        "/openapi.json",
        "/openapi.yaml",
        "/health/live",
        "/health/ready",
        "/metrics",
    ],
)
@pytest.mark.parametrize("accept", ["*/*", "application/json"])
def test_head_is_answered_without_a_body_wherever_get_is(server: ServerProcess, path: str, accept: str) -> None:
    with Wire(server.port) as wire:
        expected = 410 if "nope" in path and accept == "application/json" else 200
        for _ in range(2):  # were there a body, the second response would begin with it
            assert wire.get(path, f"Accept: {accept}", method="HEAD").status == expected


def test_many_heads_leave_no_stream(http: httpx.Client) -> None:
    for _ in range(20):
        assert http.head(EVENTS).status_code == 200
    assert streams_open(http) == 0


# HTTP/1.0


def test_an_http_1_0_client_reads_a_stream_until_the_connection_ends(server: ServerProcess, http: httpx.Client) -> None:
    order = new_order()
    with Wire(server.port) as wire:
        head = wire.get(f"{EVENTS}?orderId={order}&limit=1", version="1.0")
        wire.until(b"event: stream.checkpoint\ndata: {}\n\n")
        (event_id,) = publish(http, shipped(order))
        rest = wire.rest()

    assert head.status == 200
    assert head.all("transfer-encoding") == []
    assert head.all("content-length") == []
    assert f"id: {event_id}\nevent: order.shipped\n".encode() in rest
    assert rest.endswith(b'event: stream.closing\ndata: {"reason":"limit"}\n\n')


def test_an_http_1_0_client_that_asks_to_keep_the_connection_is_not_led_to_believe_it(server: ServerProcess) -> None:
    with Wire(server.port) as wire:
        head = wire.get(
            f"{EVENTS}?from=earliest&follow=false&lastEventId=nope", "Connection: keep-alive", version="1.0"
        )
        rest = wire.rest()
    assert head.all("connection") != ["keep-alive"]
    assert rest.endswith(b'event: stream.closing\ndata: {"reason":"end"}\n\n')


@pytest.mark.parametrize(
    "target", [f"{EVENTS}?from=earliest&limit=2", "/openapi.json", "/metrics", "/health/live", "/nonsense"]
)
def test_an_http_1_0_client_reads_other_answers(server: ServerProcess, http: httpx.Client, target: str) -> None:
    publish(http, shipped(), shipped())
    with Wire(server.port) as wire:
        head = wire.get(target, "Accept: application/json, text/plain", version="1.0")
        body = wire.rest()
    assert head.all("transfer-encoding") == []
    assert len(body) == int(head.one("content-length"))
    assert head.status == (404 if target == "/nonsense" else 200)


def test_an_http_1_0_client_publishes(server: ServerProcess, http: httpx.Client) -> None:
    order = new_order()
    with Wire(server.port) as wire:
        wire.send(post(EVENTS, json.dumps(shipped(order)).encode(), version="1.0"))
        assert wire.head().status == 201
        assert json.loads(wire.rest())["events"][0]["duplicate"] is False
    assert len(read_page(http, from_="earliest", orderId=order)["events"]) == 1


def test_an_http_1_0_client_that_leaves_its_stream_costs_nothing(server: ServerProcess, http: httpx.Client) -> None:
    with Wire(server.port) as wire:
        wire.get(EVENTS, version="1.0")
        wire.until(b"\n\n")
        assert streams_open(http) == 1
    assert no_stream_is_left(http)


# Pipelines


def what_follows(wire: Wire) -> bytes:
    """Ask for something else on a connection; return what comes until it ends."""
    try:
        wire.send(request("/health/live", "Connection: close"))
        return wire.rest()
    except ConnectionError:
        return b""


@pytest.mark.parametrize(("header", "is_answered"), [("Connection: keep-alive", True), ("Connection: close", False)])
def test_a_connection_is_kept_behind_a_stream_that_ended_unless_the_client_said_otherwise(
    server: ServerProcess, http: httpx.Client, header: str, is_answered: bool
) -> None:
    publish(http, shipped())
    with Wire(server.port) as wire:
        assert wire.get(f"{EVENTS}?from=earliest&follow=false", header).status == 200
        assert b"stream.closing" in wire.chunks()
        assert (b'"live"' in what_follows(wire)) == is_answered


@pytest.mark.parametrize(
    "second", [request("/health/live"), request(EVENTS), post(EVENTS, GOOD)], ids=["GET", "stream", "POST"]
)
def test_a_second_request_behind_a_stream_ends_the_connection(
    server: ServerProcess, http: httpx.Client, second: bytes
) -> None:
    with open_stream(server) as wire:
        assert streams_open(http) == 1
        wire.send(second)
        assert wire.closed_by_server()
    assert no_stream_is_left(http)


def test_a_second_request_that_comes_with_the_first_ends_the_connection(
    server: ServerProcess, http: httpx.Client
) -> None:
    wires = [Wire(server.port) for _ in range(20)]
    for wire in wires:
        wire.send(request(EVENTS) + request("/health/live"))
    assert all(wire.closed_by_server() for wire in wires)
    for wire in wires:
        wire.socket.close()
    assert no_stream_is_left(http)


def test_a_second_request_that_comes_in_pieces_ends_the_connection_once_it_is_one(
    server: ServerProcess, http: httpx.Client
) -> None:
    with open_stream(server) as wire:
        second = request("/health/live")
        wire.send(second[:10])
        publish(http, shipped())
        assert b"order.shipped" in wire.chunk(), "Half a request is none: the stream goes on."
        wire.send(second[10:])
        assert wire.closed_by_server()
    assert no_stream_is_left(http)


def test_a_stream_behind_another_request_is_a_stream(server: ServerProcess, http: httpx.Client) -> None:
    with Wire(server.port) as wire:
        wire.send(request("/health/live") + request(EVENTS))
        wire.body(wire.head())
        assert wire.head().status == 200
        assert b"stream.checkpoint" in wire.chunk()
        assert streams_open(http) == 1
    assert no_stream_is_left(http)


# Clients that leave an idle stream


def finish(connection: socket.socket) -> None:
    connection.close()


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def half_close(connection: socket.socket) -> None:
    connection.shutdown(socket.SHUT_WR)


@pytest.mark.parametrize("leave", [finish, reset, half_close])
def test_streams_end_when_their_clients_leave(
    server: ServerProcess, http: httpx.Client, leave: Callable[[socket.socket], None]
) -> None:
    wires = [open_stream(server, f"orderId={new_order()}") for _ in range(50)]
    assert streams_open(http) == 50
    for wire in wires:
        leave(wire.socket)
    assert no_stream_is_left(http)
    for wire in wires:
        wire.socket.close()


def test_a_client_that_leaves_within_a_replay_costs_nothing(server: ServerProcess, http: httpx.Client) -> None:
    publish(http, *(shipped() for _ in range(1000)))
    for _ in range(20):
        with Wire(server.port, receive_buffer=4096) as wire:
            wire.get(f"{EVENTS}?from=earliest")
            wire.chunk()
    assert no_stream_is_left(http)


def test_a_client_that_leaves_before_the_answer_costs_nothing(server: ServerProcess, http: httpx.Client) -> None:
    for _ in range(50):
        with Wire(server.port) as wire:
            wire.send(request(EVENTS))
            reset(wire.socket)
    assert http.get("/health/live").status_code == 200
    assert no_stream_is_left(http)


def test_a_client_that_leaves_within_the_body_of_its_request_costs_nothing(
    server: ServerProcess, http: httpx.Client
) -> None:
    with Wire(server.port) as wire:
        wire.send(request(EVENTS, "Content-Length: 10000000") + b"x" * 200_000)
        assert b"stream.checkpoint" in (wire.head() and wire.chunk())
        reset(wire.socket)
        assert no_stream_is_left(http)


@pytest.mark.parametrize("leave", [socket.socket.close, reset, half_close])
def test_a_client_that_leaves_in_the_middle_of_its_body_is_not_logged_as_a_fault(
    leave: Callable[[socket.socket], None],
) -> None:
    unfinished = [
        post(EVENTS, GOOD)[:-1],
        request(EVENTS, "Content-Type: application/json", "Transfer-Encoding: chunked", method="POST")
        + b"ff\r\n"
        + GOOD,
    ]
    with ServerProcess("--store", "memory:") as server, httpx.Client(base_url=server.url) as http:
        for begun in unfinished * 5:
            with Wire(server.port) as wire:
                wire.send(begun)
                leave(wire.socket)
        assert read_page(http, from_="earliest")["events"] == []
        assert "internal-error" not in http.get("/metrics").text
        assert server.terminate() == 0
    assert "Traceback" not in "".join(server.output)


def test_a_client_that_leaves_while_its_start_is_looked_up_is_not_logged_as_a_fault(tmp_path: Path) -> None:
    with (
        ServerProcess("--store", f"sqlite:{tmp_path / 'log.db'}") as server,
        httpx.Client(base_url=server.url, timeout=PATIENCE_SECONDS) as http,
    ):
        publish(http, *(shipped() for _ in range(100)))
        for _ in range(200):
            with Wire(server.port) as wire:
                wire.send(request(f"{EVENTS}?since=2024-05-01T10:00:00Z"))
                reset(wire.socket)
        assert no_stream_is_left(http)
        assert "internal-error" not in http.get("/metrics").text
        assert "Traceback" not in "".join(server.output)


# Clients that are still sending when they are answered


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


# What streams make nothing of


@pytest.mark.parametrize(
    "header",
    [
        "Range: bytes=0-10",
        "If-None-Match: *",
        "If-Modified-Since: Fri, 20 Nov 2026 10:00:00 GMT",
        "If-Match: nope",
        "Cache-Control: only-if-cached",
        "Upgrade: websocket\r\nConnection: Upgrade",
        "Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA",
        "TE: trailers",
        "Cookie: a=b; c=d",
        "Authorization: Bearer nonsense",
        "X-HTTP-Method-Override: DELETE",
        "X-Forwarded-For: 127.0.0.1",
    ],
)
@pytest.mark.parametrize("accept", ["text/event-stream", "application/json"])
def test_other_headers_change_nothing(server: ServerProcess, header: str, accept: str) -> None:
    with Wire(server.port) as wire:
        assert wire.get(EVENTS, f"Accept: {accept}", header).status == 200


def test_a_get_may_have_a_body(server: ServerProcess) -> None:
    with Wire(server.port) as wire:
        head = wire.get(EVENTS, "Content-Length: 5", "Content-Type: text/plain")
        wire.send(b"hello")
        assert head.status == 200
        assert b"stream.checkpoint" in wire.chunk()


@pytest.mark.parametrize(
    "garbage",
    [
        b"nonsense\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 100,  # the beginning of TLS
        b"GET /events/orders HTTP/9.9\r\nHost: x\r\n\r\n",
        b"GET /health/live HTTP/1.1\r\nHost : x\r\n\r\n",
        b"GET /health/live HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n",
        b"POST /events/orders HTTP/1.1\r\nHost: x\r\nContent-Length: abc\r\n\r\n",
        b"POST /events/orders HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST /events/orders HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST /events/orders HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /events/orders HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
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
        assert http.get("/health/live").status_code == 200  # so the beginning has been read by now
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
