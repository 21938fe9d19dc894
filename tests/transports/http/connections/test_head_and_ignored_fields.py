"""HEAD is answered at once and without a body; fields that a stream does not know change nothing."""

from __future__ import annotations

import json

import httpx
import pytest

from tests.support.server_process import ServerProcess
from tests.transports.http.orders import EVENTS, new_order, publish, shipped, streams_open
from tests.transports.http.wire import Wire, request


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


@pytest.mark.parametrize("header", ["Accept: */*", "Connection: Upgrade\r\nUpgrade: h2c"])
@pytest.mark.parametrize("body", [b"hello", request(EVENTS, method="DELETE")], ids=["text", "request"])
def test_a_get_may_have_a_body(server: ServerProcess, http: httpx.Client, header: str, body: bytes) -> None:
    order = new_order()
    with Wire(server.port) as wire:
        head = wire.get(f"{EVENTS}?orderId={order}", f"Content-Length: {len(body)}", header)
        wire.send(body)
        assert head.status == 200
        assert b"stream.checkpoint" in wire.chunk()
        (event_id,) = publish(http, shipped(order))
        assert f"id: {event_id}\n".encode() in wire.chunk()
