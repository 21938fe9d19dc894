"""JSON values as `google.protobuf.Value`, which carries what a typed field cannot."""

from __future__ import annotations

from typing import Any, Final

from app.specification.errors import MalformedJson
from app.specification.strict_json import LARGEST_INTEGER, JsonValue

_NULL: Final = 0


def value_arguments(value: JsonValue) -> dict[str, Any]:
    """Return the keyword arguments with which to make the message that carries a JSON value.

    They are of built-in types, so they fit the class `Value` of any pool of descriptors. The library converts what is in a list or
    an object.
    """
    match value:
        case None:
            return {"null_value": _NULL}
        case bool():
            return {"bool_value": value}
        case str():
            return {"string_value": value}
        case list():
            return {"list_value": value}
        case dict():
            return {"struct_value": value}
        case _:
            return {"number_value": value}


def json_value(message: Any) -> JsonValue:
    """Return the JSON value that a message carries; a whole number as an integer. Raises MalformedJson if it carries none."""
    match message.WhichOneof("kind"):
        case "null_value":
            return None
        case "number_value":
            return _number(message.number_value)
        case "struct_value":
            return {name: json_value(each) for name, each in message.struct_value.fields.items()}
        case "list_value":
            return [json_value(each) for each in message.list_value.values]
        case None:
            raise MalformedJson("A google.protobuf.Value has no kind; null is null_value.")
        case kind:
            of_kind: JsonValue = getattr(message, kind)
            return of_kind


def _number(number: float) -> JsonValue:
    return int(number) if number.is_integer() and abs(number) <= LARGEST_INTEGER else number
