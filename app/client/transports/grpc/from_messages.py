"""Read messages of Protocol Buffers as JSON values. Each field has the name of its JSON property in its descriptor."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from google.protobuf.descriptor import FieldDescriptor

_LARGEST_EXACT: Final = 2**53  # up to here a double has every whole number


def json_object(message: Any) -> dict[str, Any]:
    """Return the JSON object that a message carries. A field that is not set becomes an absent property, and a list an empty list.

    A message has no other sign for an empty list, and the contract may require the list.
    """
    value: dict[str, Any] = {}
    for field in message.DESCRIPTOR.fields:
        of_field = getattr(message, field.name)
        if field.is_repeated:
            value[field.json_name] = [_plain(field, each) for each in of_field]
        elif not field.has_presence or message.HasField(field.name):
            value[field.json_name] = _plain(field, of_field)
    return value


def json_value(message: Any) -> Any:
    """Return the JSON value that a message `google.protobuf.Value` carries."""
    kind = message.WhichOneof("kind")
    return None if kind is None else _OF_KIND[kind](getattr(message, kind))


def _plain(field: FieldDescriptor, value: Any) -> Any:
    if field.type == FieldDescriptor.TYPE_DOUBLE:
        return _number(value)
    if field.type != FieldDescriptor.TYPE_MESSAGE:
        return value
    return json_value(value) if value.DESCRIPTOR.full_name == "google.protobuf.Value" else json_object(value)


def _number(number: float) -> float:
    return int(number) if number.is_integer() and abs(number) <= _LARGEST_EXACT else number


_OF_KIND: Final[Mapping[str, Callable[[Any], Any]]] = {
    "null_value": lambda _: None,
    "bool_value": bool,
    "string_value": str,
    "number_value": _number,
    "list_value": lambda message: [json_value(each) for each in message.values],
    "struct_value": lambda message: {name: json_value(each) for name, each in message.fields.items()},
}
