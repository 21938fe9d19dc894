"""Write JSON values into messages of Protocol Buffers. A value that a message cannot carry as it is, is a fault; none is dropped or
rounded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, Final, NamedTuple, TypeAlias

from google.protobuf import json_format
from google.protobuf.descriptor import FieldDescriptor

_Rule: TypeAlias = tuple[Callable[[Any], bool], str]


class Fault(NamedTuple):
    """A part of a JSON value that a message cannot carry. `pointer`: a JSON pointer (RFC 6901). `message`: what is wrong with the part."""

    pointer: str
    message: str


def fill(message: Any, value: Any, pointer: str = "") -> Iterator[Fault]:
    """Write a JSON object into a message, and yield the faults. `pointer`: where the object is."""
    if not isinstance(value, dict):
        yield Fault(pointer, "must be an object")
        return
    fields = {each.json_name: each for each in message.DESCRIPTOR.fields}
    for name, of_property in value.items():
        inner = f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}"
        field = fields.get(name)
        if field is None:
            yield Fault(inner, f"has no field in the server's message {message.DESCRIPTOR.name}")
        elif field.is_repeated:
            yield from _fill_list(getattr(message, field.name), field, of_property, inner)
        elif field.type == FieldDescriptor.TYPE_MESSAGE:
            yield from _fill_message(getattr(message, field.name), of_property, inner)
        elif of_property == field.default_value and not field.has_presence:
            yield Fault(
                inner, "must not be empty"
            )  # an empty field of this kind cannot be told from one that is absent
        else:
            yield from _attempt(partial(setattr, message, field.name), field.type, of_property, inner)


def _fill_message(message: Any, value: Any, pointer: str) -> Iterator[Fault]:
    message.SetInParent()  # or an empty object would be absent
    write = _fill_value if message.DESCRIPTOR.full_name == "google.protobuf.Value" else fill
    yield from write(message, value, pointer)


def _fill_list(items: Any, field: FieldDescriptor, value: Any, pointer: str) -> Iterator[Fault]:
    if not isinstance(value, list):
        yield Fault(pointer, "must be an array")
        return
    for index, each in enumerate(value):
        if field.type == FieldDescriptor.TYPE_MESSAGE:
            yield from _fill_message(items.add(), each, f"{pointer}/{index}")
        else:
            yield from _attempt(items.append, field.type, each, f"{pointer}/{index}")


def _fill_value(message: Any, value: Any, pointer: str) -> Iterator[Fault]:
    faults = list(_faults(value, pointer))
    yield from faults
    if not faults:
        try:
            json_format.ParseDict(value, message)
        except json_format.ParseError:
            yield Fault(pointer, "must not be nested so deeply")


def _faults(value: Any, pointer: str) -> Iterator[Fault]:
    match value:
        case list():
            for index, each in enumerate(value):
                yield from _faults(each, f"{pointer}/{index}")
        case dict():
            for name, each in value.items():
                yield from _faults(name, pointer)
                yield from _faults(each, f"{pointer}/{name}")
        case str() | float() | int() if not isinstance(value, bool):
            kind = FieldDescriptor.TYPE_STRING if isinstance(value, str) else FieldDescriptor.TYPE_DOUBLE
            yield from _attempt(lambda _: None, kind, value, pointer)


def _attempt(write: Callable[[Any], object], type: int, value: Any, pointer: str) -> Iterator[Fault]:
    fits, expected = _RULES.get(type, _UNKNOWN_TYPE)
    if fits(value):
        write(int(value) if type == FieldDescriptor.TYPE_INT64 else value)
    else:
        yield Fault(pointer, f"must be {expected}")


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and not any("\ud800" <= each <= "\udfff" for each in value)


def _is_int64(value: Any) -> bool:
    return _is_number(value) and -(2**63) <= value < 2**63 and value == int(value)


def _is_double(value: Any) -> bool:
    return isinstance(value, float) or (_is_number(value) and abs(value) < 2**1023 and float(value) == value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_RULES: Final[Mapping[int, _Rule]] = {
    FieldDescriptor.TYPE_STRING: (_is_text, "a string of Unicode characters"),
    FieldDescriptor.TYPE_BOOL: (lambda value: isinstance(value, bool), "true or false"),
    FieldDescriptor.TYPE_INT64: (_is_int64, "an integer of at most 64 bits"),
    FieldDescriptor.TYPE_DOUBLE: (_is_double, "a number of double precision"),
}
_UNKNOWN_TYPE: Final[_Rule] = (lambda _: False, "sent by a newer client")
