"""Read JSON strictly: what two readers could understand differently is refused (RFC 8259, and I-JSON, RFC 7493).

Nearly every text is in order, and that can be told without the hook that sees each object's pairs: the decoder written in C
reads it, and a look at what it made shows that nothing got lost. Any text of which that is not sure is read strictly.
"""

from __future__ import annotations

import codecs
import json

from app.events.errors import MalformedJson
from app.events.event import JsonValue
from app.events.json_numbers import read_constant, read_integer, read_number
from app.events.json_strict import NESTING_LEVELS, SURROGATE, read_strictly

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
