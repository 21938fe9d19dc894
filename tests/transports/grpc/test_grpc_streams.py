"""Streams over gRPC, read by a foreign client: where they start, what they send, and how they end."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

import grpc
import httpx
import pytest

from tests.support.server_process import ServerProcess
from tests.support.subscribers import head_id, read_stored
from tests.transports.grpc.foreign import GrpcClient, details_of, events_of, shipped
from tests.transports.http.orders import PAGE, new_order

EARLIEST: dict[str, Any] = {"from": "earliest"}


@pytest.fixture(scope="module")
def client(server: ServerProcess) -> Iterator[GrpcClient]:
    with GrpcClient(server.grpc_address) as opened:
        yield opened


def test_a_stream_begins_with_its_position_and_goes_on_with_new_events(
    server: ServerProcess, client: GrpcClient
) -> None:
    order = new_order()
    stream = client.subscribe(order_id=[order])
    assert next(stream).checkpoint.last_event_id == head_id(server.events_url)
    published = client.publish(shipped(order), shipped(order))
    read = list(islice(events_of(stream), 2))
    assert [each.id for each in read] == [each.id for each in published.events]
    assert [each.order_shipped_v1.order_id for each in read] == [order, order]
    stream.cancel()


def test_events_published_together_are_sent_as_one_response(client: GrpcClient) -> None:
    order = new_order()
    stream = client.subscribe(order_id=[order])
    next(stream)
    published = client.publish(*[shipped(order)] * 64)
    page = next(stream).events
    assert [each.id for each in page.events] == [each.id for each in published.events]
    assert page.last_event_id == published.events[-1].id
    stream.cancel()


def test_same_events_are_read_over_both_protocols(server: ServerProcess, client: GrpcClient) -> None:
    order = new_order()
    client.publish(shipped(order, event_id=f"{order}-a"), shipped(order))
    frames = read_stored(server.events_url, orderId=order)
    events = list(events_of(client.subscribe(order_id=[order], follow=False, **EARLIEST)))
    page = httpx.get(server.events_url, params={"orderId": order, **EARLIEST}, headers=PAGE, timeout=60).json()
    assert [each.stored_at for each in events] == [each["storedAt"] for each in page["events"]]
    assert [each.id for each in events] == [frame.id for frame in frames]
    assert [each.event_type for each in events] == [frame.event for frame in frames]
    for event, frame in zip(events, frames, strict=True):
        data = event.order_shipped_v1
        assert frame.json() == {"orderId": data.order_id, "when": data.when}
    assert events[0].event_id == f"{order}-a"
    assert {each.schema_version for each in events} == {"1.2.0"}


def test_an_id_of_one_protocol_is_good_on_the_other(server: ServerProcess, client: GrpcClient) -> None:
    order = new_order()
    first, second = client.publish(shipped(order), shipped(order)).events
    resumed = client.subscribe(order_id=[order], last_event_id=first.id, follow=False)
    assert [each.id for each in events_of(resumed)] == [second.id]
    assert [frame.id for frame in read_stored(server.events_url, first.id, orderId=order)] == [second.id]


def test_a_finite_stream_ends_with_its_closing_and_the_status_ok(client: GrpcClient) -> None:
    client.publish(shipped(new_order()))
    stream = client.subscribe(follow=False, **EARLIEST)
    responses = list(stream)
    assert responses[0].WhichOneof("item") == "checkpoint"
    assert responses[-1].closing.reason == "end"
    assert stream.code() is grpc.StatusCode.OK


def test_a_finite_stream_from_the_head_has_no_events(client: GrpcClient) -> None:
    items = [each.WhichOneof("item") for each in client.subscribe(follow=False)]
    assert items == ["checkpoint", "closing"]


def test_a_filter_that_skips_events_is_followed_by_a_checkpoint(server: ServerProcess, client: GrpcClient) -> None:
    client.publish(shipped(new_order()))
    *_, checkpoint, closing = client.subscribe(order_id=["or_nobody"], follow=False, **EARLIEST)
    assert checkpoint.checkpoint.last_event_id == head_id(server.events_url)
    assert closing.closing.reason == "end"


def test_a_limit_ends_a_stream(client: GrpcClient) -> None:
    client.publish(*[shipped(new_order()) for _ in range(5)])
    stream = client.subscribe(limit=3, **EARLIEST)
    responses = list(stream)
    assert len(list(events_of(responses))) == 3
    assert responses[-1].closing.reason == "limit"
    assert stream.code() is grpc.StatusCode.OK


def test_an_unknown_id_is_answered_with_a_gap(client: GrpcClient) -> None:
    first, *_, closing = client.subscribe(last_event_id="nope", follow=False)
    assert (first.gap.reason, first.gap.requested) == ("foreign", "nope")
    assert first.gap.last_event_id == first.gap.earliest
    assert closing.closing.reason == "end"


def test_a_quiet_stream_is_sent_heartbeats(client: GrpcClient) -> None:
    stream = client.subscribe(order_id=["or_nobody"])
    assert any(response.WhichOneof("item") == "heartbeat" for response in islice(stream, 10))
    stream.cancel()


def test_since_selects_by_the_time_of_storing(client: GrpcClient) -> None:
    assert [*events_of(client.subscribe(since="2999-01-01T00:00:00Z", follow=False))] == []
    client.publish(shipped(new_order()))
    assert [*events_of(client.subscribe(since="2001-01-01T00:00:00+02:00", follow=False))] != []


@pytest.mark.parametrize(
    ("request_fields", "pointer"),
    [
        ({"event_types": ["order.unknown"]}, "/eventTypes/0"),
        ({"event_types": ["stream.gap"]}, "/eventTypes/0"),
        ({"order_id": ["or 1"]}, "/orderId/0"),
        ({"order_id": ["or_1"] * 101}, "/orderId"),
        ({"last_event_id": "a b"}, "/lastEventId"),
        ({"since": "yesterday"}, "/since"),
        ({"since": "2024-05-01T10:00:60Z"}, "/since"),
        ({"since": "0000-05-01T10:00:00Z"}, "/since"),
        ({"from": "now"}, "/from"),
        ({"limit": 0}, "/limit"),
        ({"limit": 1_000_001}, "/limit"),
        ({"major_version": 2}, "/majorVersion"),
    ],
)
def test_a_field_that_breaks_the_contract_is_named(
    client: GrpcClient, request_fields: dict[str, Any], pointer: str
) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        next(client.subscribe(**request_fields))
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    [bad_request] = details_of(refused.value)
    assert [each.field for each in bad_request.field_violations] == [pointer]


def test_streams_are_counted_like_those_over_http(server: ServerProcess, client: GrpcClient) -> None:
    stream = client.subscribe()
    next(stream)
    metrics = httpx.get(f"{server.url}/metrics", trust_env=False).text
    assert "orders_events_streams 1.0" in metrics
    assert "orders_events_grpc_calls 0.0" not in metrics
    assert 'orders_events_streams_closed_total{reason="limit"} ' in metrics
    assert 'orders_events_requests_refused_total{problem="invalid-parameter"} ' in metrics
    stream.cancel()
