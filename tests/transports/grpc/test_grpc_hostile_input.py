"""Hostile calls: they are refused, they do not fill the memory of the server, and other streams do not notice them."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import grpc
import httpx
import pytest

from tests.support.server_process import QUICK, ServerProcess
from tests.support.servers import resident_bytes
from tests.transports.grpc.foreign import WHEN, GrpcClient, events_of
from tests.transports.grpc.http2 import (
    CONTINUATION,
    DATA,
    END_HEADERS,
    END_STREAM,
    HEADERS,
    LARGEST_FRAME,
    LARGEST_WINDOW,
    Connection,
    frame,
    headers,
    literal,
    message,
    window_setting,
)
from tests.transports.http.orders import eventually

pytestmark = pytest.mark.usefixtures("undisturbed")

INVALID_ARGUMENT, RESOURCE_EXHAUSTED, UNIMPLEMENTED = (
    status.value[0]
    for status in (
        grpc.StatusCode.INVALID_ARGUMENT,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        grpc.StatusCode.UNIMPLEMENTED,
    )
)


def long_event() -> dict[str, Any]:
    return {"order_cancelled_v1": {"order_id": "or_1", "when": WHEN, "reason": "x" * 500}}


@pytest.mark.parametrize("method", ["Subscribe", "Publish", "PublishStream"])
def test_a_message_that_declares_a_gigabyte_is_refused_before_it_comes(connection: Connection, method: str) -> None:
    connection.call(1, method, message(b"x" * 100, declared=2**30))
    assert connection.status() == RESOURCE_EXHAUSTED


def test_a_message_over_the_limit_of_a_body_is_refused(server: ServerProcess) -> None:
    with GrpcClient(server.grpc_address) as client, pytest.raises(grpc.RpcError) as refused:
        client.publish({"order_shipped_v1": {"order_id": "x" * 2**23, "when": WHEN}})
    assert refused.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


def test_a_compressed_message_is_refused_as_it_is(connection: Connection) -> None:
    bomb = message(gzip.compress(bytes(2**28)), compressed=True)
    connection.call(1, "Publish", bomb[:LARGEST_FRAME], grpc_encoding="gzip")
    with suppress(ConnectionError):  # it may be refused before all is sent
        for begin in range(LARGEST_FRAME, len(bomb), LARGEST_FRAME):
            connection.send(frame(DATA, 0, 1, bomb[begin : begin + LARGEST_FRAME]))
    assert connection.status() == UNIMPLEMENTED


def test_large_metadata_are_refused(connection: Connection) -> None:
    connection.send(frame(HEADERS, 0, 1, headers("Publish")))
    connection.send(frame(CONTINUATION, 0, 1, literal("x-large", "y" * 12_000)))
    connection.send(frame(CONTINUATION, END_HEADERS, 1, literal("x-larger", "y" * 12_000)))
    assert connection.status() == RESOURCE_EXHAUSTED


def test_requests_that_are_refused_do_not_stay_in_memory(server: ServerProcess) -> None:
    """An error that refers to itself, as a call of grpcio that is aborted does, would keep 8 MB for each of them."""
    with GrpcClient(server.grpc_address) as client:
        publish: Any = client.channel.unary_unary("/orders_events.v1.OrderEvents/Publish")
        for _ in range(50):
            with pytest.raises(grpc.RpcError) as refused:
                publish(b"\xff" * 8_000_000, timeout=60)
            assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT


def test_empty_requests_are_answered_one_by_one(connection: Connection) -> None:
    connection.call(1, "PublishStream", message(b"") * 3_000)
    assert connection.status() == INVALID_ARGUMENT


def test_a_client_that_does_not_read_costs_no_memory_is_cut_and_goes_on_with_a_gap() -> None:
    retained = ("--retain-events", "5000")
    long = {"order_cancelled_v1": {"order_id": "or_1", "when": WHEN, "reason": "x" * 500}}
    with (
        ServerProcess("--store", "memory:", "--grpc-port", "0", *retained, *QUICK) as server,
        Connection(server.grpc_address, window=0) as unread,
        GrpcClient(server.grpc_address) as client,
    ):
        unread.call(1, "Subscribe", message(b""), END_STREAM)
        unread.ping()
        for published in range(300):
            last = client.publish(*[long] * 1000).events[-1].id
            if published == 20:  # the log is as long as it may be
                before = resident_bytes(server.pid)
        assert resident_bytes(server.pid) - before < 32 * 2**20  # of 140 MB of events
        assert eventually(lambda: is_cut(server))
        unread.send(window_setting(LARGEST_WINDOW))
        begin = client.message("SubscribeResponse").FromString(next(unread.messages()))
        assert unread.status() == grpc.StatusCode.UNAVAILABLE.value[0]
        responses = until(last, client.subscribe(last_event_id=begin.checkpoint.last_event_id))
    assert [each.gap.reason for each in responses if each.HasField("gap")] == ["expired"]
    offsets = [int(each.id.rpartition("-")[2]) for each in events_of(responses)]
    assert offsets == sorted(set(offsets))


def is_cut(server: ServerProcess) -> bool:
    metrics = httpx.get(f"{server.url}/metrics", trust_env=False).text
    return (
        "orders_events_streams 0.0" in metrics and 'orders_events_connections_cut_total{wait="reader"} 1.0' in metrics
    )


@pytest.mark.parametrize("part", [b"", message(b"\x0a", declared=2**20)], ids=["nothing", "half a message"])
def test_publishers_that_say_nothing_do_not_hold_up_the_exit(part: bytes) -> None:
    with ServerProcess("--store", "memory:", "--grpc-port", "0", *QUICK) as server:
        silent = [Connection(server.grpc_address) for _ in range(20)]
        for each in silent:
            each.call(1, "PublishStream", part)
            each.ping()
        assert server.terminate(90) == 0
        for each in silent:
            assert each.status() == grpc.StatusCode.UNAVAILABLE.value[0]
            each.__exit__(None, None, None)


def until(last_id: str, responses: Iterator[Any]) -> list[Any]:
    """Return the responses up to the one that has the event of this id."""
    read = []
    for each in responses:
        read.append(each)
        if each.events.last_event_id == last_id:
            return read
    raise AssertionError(f"The stream ended before {last_id}.")


@pytest.mark.parametrize("method", ["Subscribe", "Publish"])
def test_message_of_a_million_values_is_refused(connection: Connection, method: str) -> None:
    many = message(b"\x0a\x00" * 1_000_000)  # event types, or events
    connection.call(1, method, many[:LARGEST_FRAME])
    with suppress(ConnectionError):
        for begin in range(LARGEST_FRAME, len(many), LARGEST_FRAME):
            connection.send(frame(DATA, 0, 1, many[begin : begin + LARGEST_FRAME]))
        connection.send(frame(DATA, END_STREAM, 1, b""))
    assert connection.status() == RESOURCE_EXHAUSTED
