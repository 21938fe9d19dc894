"""The limits on streams and on publishing, over HTTP."""

from __future__ import annotations

import gzip
import select
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import httpx
import pytest

from tests.support.server_process import ServerProcess
from tests.transports.http.orders import EVENTS, PAGE, Frame, eventually, frames, metric, publish, shipped, streams_open
from tests.transports.http.wire import PATIENCE_SECONDS, Wire, request

MOST = 3
PER_SECOND = 50


@pytest.fixture(scope="module")
def limited() -> Iterator[tuple[ServerProcess, httpx.Client]]:
    """A server that has at most three streams."""
    arguments = ("--store", "memory:", "--max-streams", str(MOST), "--publish-rate", f"{PER_SECOND}:1000000")
    with ServerProcess(*arguments) as server, httpx.Client(base_url=server.url, timeout=PATIENCE_SECONDS) as client:
        yield server, client


@pytest.fixture
def full(limited: tuple[ServerProcess, httpx.Client]) -> Iterator[tuple[ServerProcess, httpx.Client, list[Wire]]]:
    """A server that has as many streams as it may have, and their connections."""
    server, client = limited
    assert eventually(lambda: streams_open(client) == 0)
    with ExitStack() as stack:
        wires = [stack.enter_context(Wire(server.port)) for _ in range(MOST)]
        for wire in wires:
            wire.get(EVENTS)
            wire.chunk()
        yield server, client, wires


def only_frame(text: str) -> Frame:
    (frame,) = frames(text)
    assert 15_000 <= int(frame.retry or 0) <= 45_000
    return frame._replace(retry=None)


OVERLOADED = Frame(None, "stream.closing", '{"reason":"overloaded"}')


def test_a_stream_beyond_the_limit_is_asked_to_come_back_later_and_its_connection_closed(
    full: tuple[ServerProcess, httpx.Client, list[Wire]],
) -> None:
    server, client, _ = full
    response = client.get(EVENTS)
    assert only_frame(response.text) == OVERLOADED
    assert (response.status_code, response.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
    with Wire(server.port) as wire:
        head = wire.get(EVENTS, "Accept-Encoding: gzip")
        assert head.one("connection") == "close"
        assert only_frame(gzip.decompress(wire.chunks()).decode()) == OVERLOADED
        assert wire.rest() == b""


def test_a_page_that_would_wait_is_refused_with_503_and_the_others_are_answered(
    full: tuple[ServerProcess, httpx.Client, list[Wire]],
) -> None:
    _, client, _ = full
    refused = client.get(EVENTS, params={"wait": 30}, headers=PAGE)
    problem = refused.json()
    assert (refused.status_code, problem["type"]) == (503, "/problems/overloaded")
    assert 15 <= int(refused.headers["retry-after"]) == problem["retryAfter"] <= 45
    assert client.get(EVENTS, headers=PAGE).status_code == 200
    assert client.head(EVENTS).status_code == 200
    assert client.get("/health/ready").status_code == 200


def test_there_is_room_as_soon_as_a_stream_has_ended(full: tuple[ServerProcess, httpx.Client, list[Wire]]) -> None:
    server, client, wires = full
    wires[0].socket.close()
    assert eventually(lambda: streams_open(client) == MOST - 1)
    with Wire(server.port) as wire:
        wire.get(EVENTS)
        assert b"stream.checkpoint" in wire.chunk()


def test_a_page_that_waits_is_a_stream_until_it_is_answered(limited: tuple[ServerProcess, httpx.Client]) -> None:
    server, client = limited
    assert eventually(lambda: streams_open(client) == 0)
    with ExitStack() as stack:
        wires = waiting_pages(stack, server, client)
        publish(client, shipped())
        for wire in wires:
            assert wire.body(wire.head())
        assert OVERLOADED not in frames(ended(client))


@pytest.mark.parametrize(
    "leave",
    [
        pytest.param(lambda left: left.close(), id="closed"),
        pytest.param(
            lambda left: (left.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, bytes([1, *bytes(7)])), left.close()),
            id="reset",
        ),
    ],
)
def test_a_client_that_leaves_while_its_page_waits_gives_back_its_place(
    limited: tuple[ServerProcess, httpx.Client], leave: Callable[[socket.socket], object]
) -> None:
    server, client = limited
    assert eventually(lambda: streams_open(client) == 0)
    with ExitStack() as stack:
        wires = waiting_pages(stack, server, client)
        left = time.monotonic()
        leave(wires[0].socket)
        assert eventually(lambda: OVERLOADED not in [each._replace(retry=None) for each in frames(ended(client))])
        assert time.monotonic() - left < 20
        wires[1].socket.shutdown(socket.SHUT_WR)
        assert wires[1].head().status == 200  # a client that only sends no more is answered
        assert time.monotonic() - left < 20
        publish(client, shipped())
        assert wires[2].body(wires[2].head())


def waiting_pages(stack: ExitStack, server: ServerProcess, client: httpx.Client) -> list[Wire]:
    """Ask for as many pages that wait for an event as the server may have streams, and return their connections."""

    def page() -> Wire:
        wire = stack.enter_context(Wire(server.port))
        wire.send(request(f"{EVENTS}?wait=30", "Accept: application/json"))
        return wire

    wires = [page() for _ in range(MOST)]

    def all_wait() -> bool:
        for number, wire in enumerate(wires):
            if select.select([wire.socket], [], [], 0)[0]:  # refused, because the stream that asks had its place
                wires[number] = page()
        return OVERLOADED in [each._replace(retry=None) for each in frames(ended(client))]

    assert eventually(all_wait)
    return wires


def ended(client: httpx.Client) -> str:
    """Ask for a stream that ends by itself, and return it."""
    return client.get(EVENTS, params={"follow": "false", "lastEventId": "nope"}).text


def test_the_refused_streams_are_counted_by_the_limit(full: tuple[ServerProcess, httpx.Client, list[Wire]]) -> None:
    _, client, _ = full
    before = metric(client, "orders_events_streams_refused_total", limit="total")
    client.get(EVENTS)
    assert metric(client, "orders_events_streams_refused_total", limit="total") == before + 1


def test_a_client_that_publishes_too_much_is_refused_with_429_until_it_has_waited(
    limited: tuple[ServerProcess, httpx.Client],
) -> None:
    _, client = limited
    assert eventually(lambda: client.post(EVENTS, json=[shipped()] * 3 * PER_SECOND).status_code == 201)
    head = client.get(EVENTS, headers=PAGE).json()["lastEventId"]
    refused = client.post(EVENTS, json=shipped())
    problem = refused.json()
    assert (refused.status_code, problem["type"]) == (429, "/problems/too-many-requests")
    assert 1 <= int(refused.headers["retry-after"]) == problem["retryAfter"] <= 3
    assert client.get(EVENTS, headers=PAGE).json()["lastEventId"] == head
    assert eventually(lambda: client.post(EVENTS, json=shipped()).status_code == 201)


def test_bytes_are_limited_too_and_a_refused_body_is_not_read(limited: tuple[ServerProcess, httpx.Client]) -> None:
    server, client = limited
    padded = b" " * 2_500_000 + b"{}"
    headers = {"Content-Type": "application/json"}
    assert eventually(lambda: client.post(EVENTS, content=padded, headers=headers).status_code == 422)
    with Wire(server.port) as wire:
        wire.send(
            b"POST /events/orders HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n"
        )
        assert wire.head().status == 429


@pytest.mark.parametrize(
    ("body", "status"),
    [
        pytest.param(b" " * 2_500_000 + b"{", 400, id="malformed"),
        pytest.param(b"[" + b"0," * 1_250_000 + b"0]", 413, id="too many values"),
    ],
)
def test_a_body_that_is_refused_before_it_is_parsed_counts_too(
    limited: tuple[ServerProcess, httpx.Client], body: bytes, status: int
) -> None:
    _, client = limited
    headers = {"Content-Type": "application/json"}
    assert eventually(lambda: client.post(EVENTS, content=body, headers=headers).status_code == status)
    assert client.post(EVENTS, json=shipped()).status_code == 429


@pytest.mark.parametrize(("streams", "has_retry"), [(3, False), (200, True)])
def test_the_more_streams_a_drain_ends_the_later_they_are_asked_to_come_back(streams: int, *, has_retry: bool) -> None:
    """The usual times here are 50 to 100 ms; 200 streams are spread over 200 ms."""
    with ServerProcess("--store", "memory:", "--retry-ms", "50-100") as server, ExitStack() as stack:
        wires = [stack.enter_context(Wire(server.port)) for _ in range(streams)]
        for wire in wires:
            wire.get(EVENTS)
            wire.chunk()
        server.signal(signal.SIGTERM)
        times = [frames(wire.chunks().decode())[0].retry for wire in wires]
    if has_retry:
        seconds = [int(each or 0) for each in times]
        assert 50 <= min(seconds) < 90
        assert 200 < max(seconds) <= 250
        assert len(set(seconds)) > 50
    else:
        assert set(times) == {None}
