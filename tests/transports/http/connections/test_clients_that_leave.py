"""A client that leaves, at whatever moment and in whatever way, costs nothing and is not logged as a fault."""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests.support.server_process import ServerProcess
from tests.transports.http.connections.opened import no_stream_is_left, open_stream
from tests.transports.http.orders import EVENTS, metric, new_order, publish, read_page, shipped, streams_open
from tests.transports.http.wire import PATIENCE_SECONDS, Wire, post, request

GOOD = json.dumps(shipped()).encode()


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
        assert metric(http, "orders_events_requests_refused_total", problem="internal-error") == 0
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
        assert metric(http, "orders_events_requests_refused_total", problem="internal-error") == 0
        assert "Traceback" not in "".join(server.output)
