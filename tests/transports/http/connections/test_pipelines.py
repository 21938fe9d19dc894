"""Requests behind others on one connection: answered in order, except behind a stream."""

from __future__ import annotations

import json

import httpx
import pytest

from tests.support.server_process import ServerProcess
from tests.transports.http.connections.opened import no_stream_is_left, open_stream
from tests.transports.http.orders import EVENTS, publish, shipped, streams_open
from tests.transports.http.wire import Wire, post, request

GOOD = json.dumps(shipped()).encode()


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
