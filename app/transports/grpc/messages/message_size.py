"""Bound the number of values in a message before it is parsed: a message of two bytes becomes an object of some hundred."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Final

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from app.specification.errors import TooManyValues

_LEAST_BYTES: Final = 2  # of a field: its tag and its value
_MOST_VARINT_BYTES: Final = 10
_CONTINUED: Final = bytes(range(0x80, 0x100))  # the bytes of a varint before its last one
_DOUBLE_BYTES: Final = 8


def check_number_of_fields(data: bytes, descriptor: Descriptor, maximum: int) -> None:
    """Raise TooManyValues if a message has more than `maximum` values, counted as fields and as items of packed lists.

    The fields of a message within the message are counted only if there can be lists. Otherwise their memory is bounded by their length.
    The count stops at the maximum, and at data that a parser refuses.

    `data`: the message as it was received. `descriptor`: describes messages of its type.
    """
    if len(data) < maximum * _LEAST_BYTES:
        return
    count = 0
    waiting = [(0, len(data), descriptor)]
    while waiting:
        offset, end, kind = waiting.pop()
        lists = _lists(kind)
        while offset < end:
            try:
                number, value, offset = _next_field(data, offset)
            except (IndexError, ValueError):
                return
            found = lists.get(number)
            if isinstance(found, Descriptor):
                waiting.append((value, offset, found))
            count += 1 if found is None or isinstance(found, Descriptor) else _items(data[value:offset], found)
            if count > maximum:
                raise TooManyValues(maximum)


def _items(packed: bytes, fixed_bytes: int) -> int:
    """Return the number of items in a packed list. `fixed_bytes`: the length of an item; 0 if the items are varints."""
    return len(packed) // fixed_bytes if fixed_bytes else len(packed.translate(None, _CONTINUED))


@cache
def _lists(descriptor: Descriptor) -> Mapping[int, Descriptor | int]:
    """Return the fields of a message, by number, in which there can be many values for one field.

    A message with lists in it has its descriptor, a list that may be packed the length of an item (see `_items`).
    """
    found: dict[int, Descriptor | int] = {}
    for field in descriptor.fields:
        if field.message_type is not None and _has_lists(field.message_type, frozenset()):
            found[field.number] = field.message_type
        elif field.is_packed:
            found[field.number] = _DOUBLE_BYTES if field.type == FieldDescriptor.TYPE_DOUBLE else 0
    return found


def _has_lists(descriptor: Descriptor, within: frozenset[str]) -> bool:
    """Return whether a message has a list, or a message has one that is in it. `within`: the messages that it is in, which may recur."""
    if descriptor.full_name in within:
        return False
    within |= {descriptor.full_name}
    return any(
        field.is_repeated or (field.message_type is not None and _has_lists(field.message_type, within))
        for field in descriptor.fields
    )


def _next_field(data: bytes, offset: int) -> tuple[int, int, int]:
    """Return the number of the field at an offset, and the offsets of its value and behind it (https://protobuf.dev, "Encoding").

    Raises IndexError at the end of the data, and ValueError if the field is of no known kind.
    """
    tag, value = _varint(data, offset)
    match tag & 7:
        case 0:
            _, end = _varint(data, value)
        case 1:
            end = value + 8
        case 2:
            length, value = _varint(data, value)
            end = value + length
        case 5:
            end = value + 4
        case kind:
            raise ValueError(kind)
    return tag >> 3, value, end


def _varint(data: bytes, offset: int) -> tuple[int, int]:
    """Return the number at an offset, and the offset behind it. Raises IndexError at the end of the data, ValueError if it is too long."""
    number = 0
    for shift in range(0, 7 * _MOST_VARINT_BYTES, 7):
        byte = data[offset]
        offset += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, offset
    raise ValueError(number)
