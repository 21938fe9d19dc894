"""Read JSON strictly: what two readers could understand differently is refused (RFC 8259, and I-JSON, RFC 7493).

Nearly every text is in order, and that can be told without the hook that sees each object's pairs: the decoder written in C
reads it, and a look at what it made shows that nothing got lost. Any text of which that is not sure is read strictly.
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Mapping
from typing import TypeAlias

from app.specification.errors import MalformedJson
from app.specification.json_numbers import read_constant, read_integer, read_number
from app.specification.json_strict import NESTING_LEVELS, SURROGATE, read_strictly

JsonValue: TypeAlias = "bool | int | float | str | list[JsonValue] | dict[str, JsonValue] | None"
"""A JSON value (RFC 8259) as `json.loads` returns it."""

_DECODER = json.JSONDecoder(parse_int=read_integer, parse_float=read_number, parse_constant=read_constant)


def parse_json(body: bytes) -> JsonValue:
    """Read one JSON value in UTF-8. Raises MalformedJson, which says where and repeats nothing but a property's name.

    Refused besides what is no JSON: a byte order mark, NaN, a property twice in one object, half a surrogate pair,
    a number that a double cannot hold, nesting deeper than 32 levels.
    """
    text = _decoded(body)
    try:
        value: JsonValue = _DECODER.decode(text)
    except (ValueError, RecursionError):
        return read_strictly(text)
    return value if is_in_order(text, value) else read_strictly(text)


def is_in_order(text: str, value: JsonValue) -> bool:
    """Tell whether a text says what its value says, and no more; where that is hard to tell, it is not.

    An object that has a property twice loses one, and with it a string, its name: then there are more quotation marks than
    the strings of the value need. Escaped ones are counted too, so there may seem to be too many, but never too few.
    """
    strings = _count_strings(value)
    return strings is not None and text.count('"') == 2 * strings and not SURROGATE.search(text)


def _count_strings(value: JsonValue) -> int | None:
    """Count strings and names of properties, level by level; None where there may be too many levels."""
    strings = 0
    level = [value]
    for _ in range(NESTING_LEVELS):
        within: list[JsonValue] = []
        for each in level:
            if isinstance(each, str):
                strings += 1
            elif isinstance(each, dict):
                strings += len(each)
                within += each.values()
            elif isinstance(each, list):
                within += each
        if not within:
            return strings
        level = within
    return None


def _decoded(body: bytes) -> str:
    if not body:
        raise MalformedJson("The JSON text is empty.")
    if body.startswith(codecs.BOM_UTF8):
        raise MalformedJson("The JSON text begins with a byte order mark.")
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise MalformedJson(f"The JSON text is not UTF-8 from byte {error.start + 1} on.") from None


def serialise(data: Mapping[str, JsonValue]) -> str:
    """Write `data` as one line of ASCII JSON, keys in the order given.

    ASCII escapes keep U+2028 and its like out of clients that split lines as Python does.
    """
    return _encode(data)


# `json.dumps` would make an encoder for each event; and what was parsed from a text holds no circle to look for.
_encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=True, allow_nan=False, check_circular=False).encode
