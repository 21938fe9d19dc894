"""A message with too many values is refused before it is parsed, because each of them becomes an object in memory."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, struct_pb2

from app.specification.errors import TooManyValues
from app.transports.grpc.messages.message_size import check_number_of_fields

MAXIMUM = 1000
_FIELD = descriptor_pb2.FieldDescriptorProto
_FIELDS: list[tuple[str, Any, str]] = [  # name, type, name of the type of messages
    ("texts", _FIELD.TYPE_STRING, ""),
    ("integers", _FIELD.TYPE_INT64, ""),
    ("numbers", _FIELD.TYPE_DOUBLE, ""),
    ("flags", _FIELD.TYPE_BOOL, ""),
    ("values", _FIELD.TYPE_MESSAGE, ".google.protobuf.Value"),
    ("messages", _FIELD.TYPE_MESSAGE, ".lists.Message"),
    ("plain", _FIELD.TYPE_MESSAGE, ".lists.Plain"),
]


def message_class() -> Any:
    """A message that has a list of each kind, also of messages like itself, and of messages without lists."""
    file = descriptor_pb2.FileDescriptorProto(
        name="lists.proto", package="lists", syntax="proto3", dependency=[struct_pb2.DESCRIPTOR.name]
    )
    file.message_type.add(name="Plain").field.add(
        name="text", number=1, type=_FIELD.TYPE_STRING, label=_FIELD.LABEL_OPTIONAL
    )
    message = file.message_type.add(name="Message")
    for number, (name, kind, type_name) in enumerate(_FIELDS, 1):
        message.field.add(name=name, number=number, type=kind, label=_FIELD.LABEL_REPEATED, type_name=type_name or None)
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(struct_pb2.DESCRIPTOR.serialized_pb)
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("lists.Message"))


MESSAGE = message_class()


def lists_of(count: int) -> dict[str, Any]:
    value = {"list_value": {"values": [{"bool_value": True}] * (count // 2 - 2)}}
    return {
        "texts": MESSAGE(texts=["abc"] * count),
        "integers": MESSAGE(integers=[-1, 1] * (count // 2)),
        "numbers": MESSAGE(numbers=[0.5] * count),
        "flags": MESSAGE(flags=[True] * count),
        "values": MESSAGE(values=[value]),
        "messages": MESSAGE(messages=[{"messages": [{"texts": [""] * (count - 2)}]}]),
        "plain": MESSAGE(plain=[{"text": ""}] * count),
    }


def is_refused(data: bytes) -> bool:
    try:
        check_number_of_fields(data.ljust(2 * MAXIMUM, b"\xff"), MESSAGE.DESCRIPTOR, MAXIMUM)
    except TooManyValues:
        return True
    return False


@pytest.mark.parametrize("kind", lists_of(2))
def test_as_many_values_as_are_allowed_pass_and_more_do_not(kind: str) -> None:
    assert not is_refused(lists_of(MAXIMUM)[kind].SerializeToString())
    assert is_refused(lists_of(MAXIMUM + 10)[kind].SerializeToString())


def test_long_value_is_one_value() -> None:
    assert not is_refused(MESSAGE(texts=["x" * 100_000]).SerializeToString())
    assert not is_refused(MESSAGE(plain=[{"text": "x" * 100_000}]).SerializeToString())


@pytest.mark.parametrize(
    "data",
    [
        b"\x80" * 100_000,  # a number without an end
        b"\x0a\xff\xff\xff\xff\x7f",  # a length beyond the end
        b"\x0b" * 100_000,  # groups
        b"\x09" + b"a" * 7,
        b"\x0d",
        b"",
    ],
)
def test_count_stops_where_a_parser_stops(data: bytes) -> None:
    assert not is_refused(data)


def test_short_message_is_not_counted() -> None:
    check_number_of_fields(b"\x0a\x00" * (MAXIMUM - 1), MESSAGE.DESCRIPTOR, MAXIMUM)
