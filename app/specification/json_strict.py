"""Read JSON strictly, and say of what is refused where it stands and why (RFC 8259, and I-JSON, RFC 7493)."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import TYPE_CHECKING, NoReturn

from app.specification.errors import MalformedJson
from app.specification.json_numbers import UnfitTokenError, read_constant, read_integer, read_number
from app.specification.schema.messages import quoted

if TYPE_CHECKING:
    from app.specification.strict_json import JsonValue

NESTING_LEVELS = 32  # no contract comes near it; readers in other languages have limits of their own

_TOKEN = re.compile(
    r'"[^"\\]*(?:\\.[^"\\]*)*"|[\[{]|[\]}]|-?Infinity|NaN|-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?', re.DOTALL
)
SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")  # a half, or one of a pair
_ESCAPE = re.compile(
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?P<lone>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)"
)


def read_strictly(text: str) -> JsonValue:
    """Read one JSON value. Raises MalformedJson, which says where and repeats nothing but a property's name.

    Refused besides what is no JSON: NaN, a property twice in one object, half a surrogate pair, a number that a double
    cannot hold, nesting deeper than 32 levels.
    """
    try:
        value: JsonValue = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        _refuse(text, error.pos, error.msg.partition(": ")[0])
    except UnfitTokenError as unfit:
        _refuse(text, _offset_of(unfit.token, text), unfit.reason)
    except RecursionError:
        _refuse_nesting(text)
    if _is_deep(value):
        _refuse_nesting(text)
    if SURROGATE.search(text):
        _refuse_lone_surrogates(text)
    return value


def _object(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    value = dict(pairs)
    if len(value) == len(pairs):
        return value
    twice = next(name for name, times in Counter(name for name, _ in pairs).items() if times > 1)
    raise MalformedJson(f"The JSON text is ambiguous: one object has the property {quoted(twice)} twice.")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=read_integer, parse_float=read_number, parse_constant=read_constant
)


def _is_deep(value: JsonValue) -> bool:
    level = [value]
    for _ in range(NESTING_LEVELS):
        containers = [each for each in level if isinstance(each, (dict, list))]
        if not containers:
            return False
        level = [part for each in containers for part in (each.values() if isinstance(each, dict) else each)]
    return any(isinstance(each, (dict, list)) for each in level)


def _refuse_nesting(text: str) -> NoReturn:
    level = 0
    for token in _TOKEN.finditer(text):
        level += {"[": 1, "{": 1, "]": -1, "}": -1}.get(token[0], 0)
        if level > NESTING_LEVELS:
            break
    _refuse(text, token.start(), f"The text is nested deeper than {NESTING_LEVELS} levels")


def _refuse_lone_surrogates(text: str) -> None:
    for escape in _ESCAPE.finditer(text):
        if escape["lone"]:
            _refuse(text, escape.start(), "Half of a surrogate pair is no character")


def _offset_of(token: str, text: str) -> int:
    return next(match.start() for match in _TOKEN.finditer(text) if match[0] == token)


def _refuse(text: str, offset: int, reason: str) -> NoReturn:
    line = text.count("\n", 0, offset) + 1
    column = offset - text.rfind("\n", 0, offset)
    raise MalformedJson(f"The JSON text is malformed at line {line}, column {column}: {reason}.") from None
