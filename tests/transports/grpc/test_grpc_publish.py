"""Publishing over gRPC: one request, a stream of requests, and the statuses of what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import grpc
import pytest

from tests.support.server_process import ServerProcess
from tests.support.subscribers import read_stored
from tests.transports.grpc.foreign import WHEN, GrpcClient, details_of, shipped
from tests.transports.http.orders import new_order


@pytest.fixture(scope="module")
def client(server: ServerProcess) -> Iterator[GrpcClient]:
    with GrpcClient(server.grpc_address) as opened:
        yield opened


def refused(client: GrpcClient, *events: dict[str, Any]) -> grpc.RpcError:
    with pytest.raises(grpc.RpcError) as caught:
        client.publish(*events)
    return caught.value


def violations_of(error: grpc.RpcError) -> dict[str, str]:
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    [bad_request] = details_of(error)
    return {each.field: each.description for each in bad_request.field_violations}


def test_published_events_are_stored_in_order(server: ServerProcess, client: GrpcClient) -> None:
    order = new_order()
    cancelled = {"order_cancelled_v1": {"order_id": order, "when": WHEN, "reason": "Paid twice"}}
    published = client.publish(shipped(order, event_id=f"{order}-1"), cancelled).events
    frames = read_stored(server.events_url, orderId=order)
    assert [each.id for each in published] == [frame.id for frame in frames]
    assert [frame.json() for frame in frames] == [
        {"orderId": order, "when": WHEN},
        {"orderId": order, "when": WHEN, "reason": "Paid twice"},
    ]
    assert [each.event_type for each in published] == ["order.shipped", "order.cancelled"]
    assert [each.schema_version for each in published] == ["1.2.0", "1.1.0"]
    assert published[0].event_id == f"{order}-1"
    assert published[1].event_id


def test_an_event_published_again_is_a_duplicate(client: GrpcClient) -> None:
    order = new_order()
    first = client.publish(shipped(order, event_id=order)).events[0]
    again = client.publish(shipped(order, event_id=order)).events[0]
    assert (first.duplicate, again.duplicate) == (False, True)
    assert again.id == first.id


def test_another_event_under_the_same_event_id_already_exists(client: GrpcClient) -> None:
    order = new_order()
    client.publish(shipped(order, event_id=order))
    error = refused(client, shipped(new_order()), shipped(new_order(), event_id=order))
    assert error.code() is grpc.StatusCode.ALREADY_EXISTS
    [resource] = details_of(error)
    assert (resource.resource_type, resource.resource_name, resource.description) == ("eventId", order, "/events/1")


def test_one_violation_and_nothing_is_stored(server: ServerProcess, client: GrpcClient) -> None:
    order = new_order()
    error = refused(client, shipped(order), {"order_shipped_v1": {"order_id": "or 1", "when": "2024"}}, {})
    assert list(violations_of(error)) == ["/events/1/data/orderId", "/events/1/data/when", "/events/2"]
    assert read_stored(server.events_url, orderId=order) == []


@pytest.mark.parametrize(
    ("event", "pointer"),
    [
        (shipped("or_1", event_type="order.cancelled"), "/events/0/eventType"),
        (shipped("or_1", event_type="stream.gap"), "/events/0/eventType"),
        (shipped("or_1", schema_version="9.0.0"), "/events/0/schemaVersion"),
        (shipped("or_1", event_id="a b"), "/events/0/eventId"),
        (shipped("or_1", id="k7f3q2xw-1042"), "/events/0"),
        (shipped("or_1", stored_at="2024-05-01T10:00:00.000Z"), "/events/0"),
        ({"event_type": "order.shipped"}, "/events/0"),
        ({"order_shipped_v1": {"order_id": "or_1"}}, "/events/0/data"),
        ({"order_shipped_v1": {"order_id": "", "when": WHEN}}, "/events/0/data/orderId"),
        ({"order_shipped_v1": {"order_id": "or_1", "when": WHEN, "carrier": ""}}, "/events/0/data/carrier"),
    ],
)
def test_violation_is_named_by_its_pointer(client: GrpcClient, event: dict[str, Any], pointer: str) -> None:
    assert list(violations_of(refused(client, event))) == [pointer]


@pytest.mark.parametrize("count", [0, 1001])
def test_number_of_events_in_a_request_is_bounded(client: GrpcClient, count: int) -> None:
    error = refused(client, *[shipped("or_1")] * count)
    assert violations_of(error) == {"/events/0": "must have at least 1 and at most 1000 items"}


def test_details_of_many_violations_fit_into_the_headers_of_a_client(client: GrpcClient) -> None:
    bad = {"order_shipped_v1": {"order_id": "x" * 1000, "when": "y" * 1000, "carrier": "z" * 1000}}
    violations = violations_of(refused(client, *[bad] * 1000))
    assert len(violations) > 20


def test_a_field_that_the_server_does_not_know_is_refused(server: ServerProcess, client: GrpcClient) -> None:
    order = new_order()
    request = client.message("PublishRequest")(events=[shipped(order)])
    event = request.events[0]
    event.order_shipped_v1.MergeFromString(b"\xda\xb8\x02\x03new")
    error = refused(client, event)
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "fields that this server's orders_events.v1.PublishRequest does not have" in str(error.details())
    assert read_stored(server.events_url, orderId=order) == []


@pytest.mark.parametrize("garbage", [b"\xff", b"\x0a\xff\xff\xff\xff\x0f", b"\x0a\x06\x0a\x04\xed\xa0\x80a"])
def test_a_message_that_cannot_be_read_is_refused(client: GrpcClient, garbage: bytes) -> None:
    method: Any = client.channel.unary_unary("/orders_events.v1.OrderEvents/Publish")
    with pytest.raises(grpc.RpcError) as caught:
        method(garbage, timeout=60)
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert caught.value.details() == "The request is not a message orders_events.v1.PublishRequest."


def test_each_request_of_a_stream_is_acknowledged_in_order(server: ServerProcess, client: GrpcClient) -> None:
    order = new_order()
    request = client.message("PublishStreamRequest")
    responses = list(
        client.publish_stream(request(request=number, events=[shipped(order)] * number) for number in range(1, 6))
    )
    assert [each.request for each in responses] == [1, 2, 3, 4, 5]
    assert [len(each.events) for each in responses] == [1, 2, 3, 4, 5]
    ids = [event.id for each in responses for event in each.events]
    assert ids == [frame.id for frame in read_stored(server.events_url, orderId=order)]


def test_a_request_that_is_refused_ends_the_stream_after_those_before_it(
    server: ServerProcess, client: GrpcClient
) -> None:
    order = new_order()
    request = client.message("PublishStreamRequest")
    bad = request(request=2, events=[shipped("or 1")])
    call = client.publish_stream(
        [request(request=1, events=[shipped(order)]), bad, request(request=3, events=[shipped(order)])]
    )
    assert next(call).request == 1
    with pytest.raises(grpc.RpcError) as caught:
        next(call)
    assert list(violations_of(caught.value)) == ["/events/0/data/orderId"]
    assert len(read_stored(server.events_url, orderId=order)) == 1
