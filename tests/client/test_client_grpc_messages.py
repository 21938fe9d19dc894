"""JSON values in messages of Protocol Buffers: each comes back as it was, and what no message can carry is a fault."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf import struct_pb2
from hypothesis import given, settings
from hypothesis import strategies as st

from app.client import UnexpectedAnswer
from app.client.transports.grpc.described_messages import DescribedMessages, NotCarried
from app.client.transports.grpc.from_messages import json_object
from app.client.transports.grpc.to_messages import Fault, fill
from app.transports.grpc.messages.descriptors import MessageClasses, file_descriptor
from app.transports.grpc.messages.event_messages import DataMessages
from tests.support.rich_contract import WEIGHED, contracts_with, event_contract, rich_proto
from tests.support.schema_values import ANYTHING, values_of

PROTO = rich_proto()
CLASSES = MessageClasses(PROTO)
SERVER = DataMessages(PROTO, contracts_with(event_contract("order.weighed", "1.0.0", WEIGHED)))
WEIGHT: dict[str, Any] = {"orderId": "or_1", "weight": 1.5, "items": [], "path": []}
EMPTY: dict[str, Any] = {"items": [], "tags": [], "sizes": [], "path": [], "kinds": []}


def filled(data: Any) -> tuple[Any, list[Fault]]:
    message = CLASSES["OrderWeighedV1"]()
    return message, list(fill(message, data))


def with_lists(data: dict[str, Any]) -> dict[str, Any]:
    """Return the data with an empty list in place of each absent one, as a message does not tell the two apart."""
    items = [{"sku": "", **each} for each in data["items"]]
    deep = {"list": [], **data["deep"]} if "deep" in data else None
    return {**EMPTY, **data, "items": items, **({} if deep is None else {"deep": deep})}


@settings(max_examples=100, deadline=None)
@given(values_of(WEIGHED))
def test_data_of_every_form_are_the_servers_message_and_come_back_as_they_were(data: dict[str, Any]) -> None:
    message, faults = filled(data)
    assert faults == []
    arguments = SERVER.arguments("order.weighed", "1.0.0", data)["order_weighed_v1"]
    assert message == CLASSES["OrderWeighedV1"](**arguments)
    assert json_object(CLASSES["OrderWeighedV1"].FromString(message.SerializeToString())) == with_lists(data)


@settings(max_examples=100, deadline=None)
@given(ANYTHING)
def test_any_json_value_comes_back_as_it_was(value: Any) -> None:
    message, faults = filled({**WEIGHT, "any": value})
    assert faults == []
    found = json_object(message)["any"]
    assert found == value
    assert isinstance(found, bool) is isinstance(value, bool)


@pytest.mark.parametrize(
    ("data", "faults"),
    [
        ([], {"": "must be an object"}),
        ({"unknown": 1}, {"/unknown": "has no field in the server's message OrderWeighedV1"}),
        ({"a/b~": 1}, {"/a~1b~0": "has no field in the server's message OrderWeighedV1"}),
        ({"orderId": None, "note": 5}, dict.fromkeys(["/orderId", "/note"], "must be a string of Unicode characters")),
        ({"fragile": 1}, {"/fragile": "must be true or false"}),
        ({"weight": True}, {"/weight": "must be a number of double precision"}),
        ({"weight": 2**53 + 1}, {"/weight": "must be a number of double precision"}),
        ({"weight": 10**400}, {"/weight": "must be a number of double precision"}),
        ({"count": 1.5}, {"/count": "must be an integer of at most 64 bits"}),
        ({"count": False}, {"/count": "must be an integer of at most 64 bits"}),
        ({"count": 2**63}, {"/count": "must be an integer of at most 64 bits"}),
        ({"count": 1e300}, {"/count": "must be an integer of at most 64 bits"}),
        ({"items": {}}, {"/items": "must be an array"}),
        ({"items": [{"sku": 1}, 5]}, {"/items/0/sku": "must be a string of Unicode characters", "/items/1": "must be an object"}),
        ({"tags": ["a", "\udc00"]}, {"/tags/1": "must be a string of Unicode characters"}),
        ({"any": [0, 2**53 + 1]}, {"/any/1": "must be a number of double precision"}),
        ({"any": {"\ud800": {"a": "\ud800"}}}, {"/any": "must be a string of Unicode characters", "/any/\ud800/a": "must be a string of Unicode characters"}),
    ],
)  # fmt: skip
def test_what_no_message_can_carry_is_a_fault(data: Any, faults: dict[str, str]) -> None:
    assert {each.pointer: each.message for each in filled(data)[1]} == faults


def test_value_that_is_nested_too_deeply_is_a_fault() -> None:
    value: list[Any] = []
    for _ in range(200):
        value = [value]
    assert filled({"any": value})[1] == [Fault("/any", "must not be nested so deeply")]


@settings(max_examples=20, deadline=None)
@given(st.integers(-(2**63), 2**63 - 1))
def test_integers_of_64_bits_are_exact(number: int) -> None:
    message, faults = filled({"count": number})
    assert faults == []
    assert json_object(message)["count"] == number


def described() -> bytes:
    return file_descriptor(PROTO).SerializeToString()


def test_event_type_of_the_server_alone_is_published_and_read() -> None:
    messages = DescribedMessages([described(), struct_pb2.DESCRIPTOR.serialized_pb])
    request = messages.publish_request(
        b'[{"eventType":"order.weighed","data":{"orderId":"or_1","weight":2,"items":[]}}]'
    )
    event = CLASSES["PublishRequest"].FromString(request).events[0]
    assert (event.event_type, event.order_weighed_v1.weight) == ("order.weighed", 2)
    page = {"events": [{"id": "e-1", "event_type": "order.weighed", "order_weighed_v1": event.order_weighed_v1}]}
    response = CLASSES["SubscribeResponse"](events={**page, "last_event_id": "e-1"}).SerializeToString()
    (frame,) = messages.frames(messages.subscribe_response.FromString(response))
    assert frame.data == {**EMPTY, "orderId": "or_1", "weight": 2}


def test_faults_name_the_event() -> None:
    messages = DescribedMessages([struct_pb2.DESCRIPTOR.serialized_pb, described()])
    with pytest.raises(NotCarried) as refused:
        messages.publish_request(
            b'[{"eventType":"order.weighed","data":{}},{"eventType":"order.weighed","data":{"a":1}}]'
        )
    assert [each.pointer for each in refused.value.faults] == ["/events/1/data/a"]


@pytest.mark.parametrize("files", [[], [b"\xff"], [described()], [described()[:-1]]])
def test_description_that_is_none_of_the_service_is_unexpected(files: list[bytes]) -> None:
    with pytest.raises(UnexpectedAnswer, match="does not describe the messages of"):
        DescribedMessages(files)
