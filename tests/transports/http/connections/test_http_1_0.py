"""A client of HTTP/1.0 is served without chunks, until the connection ends."""

from __future__ import annotations

import json

import httpx
import pytest

from tests.support.server_process import ServerProcess
from tests.transports.http.connections.opened import no_stream_is_left
from tests.transports.http.orders import EVENTS, new_order, publish, read_page, shipped, streams_open
from tests.transports.http.wire import Wire, post


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
