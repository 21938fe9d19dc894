"""Read JSON strictly: what two readers could understand differently is refused (RFC 8259, and I-JSON, RFC 7493)."""

from __future__ import annotations

import codecs
import json
import math
import re
from collections import Counter
from typing import NoReturn

from app.events.errors import MalformedJson
from app.events.event import JsonValue
from app.events.schema_messages import quoted

NESTING_LEVELS = 32  # no contract comes near it; readers in other languages have limits of their own
LARGEST_INTEGER = 2**53 - 1  # RFC 7493 §2.2: beyond it, a reader that has doubles only sees another number

_SAFE_CHARACTERS = 15  # an integer written with so few is never beyond the largest
_TOKEN = re.compile(
    r'"[^"\\]*(?:\\.[^"\\]*)*"|[\[{]|[\]}]|-?Infinity|NaN|-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?', re.DOTALL
)
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_ESCAPE = re.compile(
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?P<lone>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)"
)


def parse_json(body: bytes) -> JsonValue:
    """Read one JSON value in UTF-8. Raises MalformedJson, which says where and repeats nothing but a property's name.

    Refused besides what is no JSON: a byte order mark, NaN, a property twice in one object, half a surrogate pair,
    a number that a double cannot hold, nesting deeper than 32 levels.
    """
    text = _decoded(body)
    try:
        value: JsonValue = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        _refuse(text, error.pos, error.msg.partition(": ")[0])
    except _UnfitTokenError as unfit:
        _refuse(text, _offset_of(unfit.token, text), unfit.reason)
    except RecursionError:
        _refuse_nesting(text)
    if _is_deep(value):
        _refuse_nesting(text)
    if _SURROGATE.search(text):
        _refuse_lone_surrogates(text)
    return value


def _decoded(body: bytes) -> str:
    if not body:
        raise MalformedJson("The JSON text is empty.")
    if body.startswith(codecs.BOM_UTF8):
        raise MalformedJson("The JSON text begins with a byte order mark.")
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise MalformedJson(f"The JSON text is not UTF-8 from byte {error.start + 1} on.") from None


class _UnfitTokenError(ValueError):
    """Carry a token out of the decoder, which knows its text but not its place."""

    def __init__(self, token: str, reason: str) -> None:
        super().__init__(reason)
        self.token = token
        self.reason = reason


def _constant(token: str) -> NoReturn:
    raise _UnfitTokenError(token, "NaN and Infinity are no JSON numbers")


def _integer(token: str) -> int:
    if len(token) <= _SAFE_CHARACTERS:
        return int(token)
    if len(token) > 2 * _SAFE_CHARACTERS or abs(int(token)) > LARGEST_INTEGER:
        raise _UnfitTokenError(token, "The integer is beyond 2^53 - 1, so readers would see different numbers")
    return int(token)


def _number(token: str) -> float:
    number = float(token)
    vanished = number == 0 and token.lower().partition("e")[0].strip("-0.") != ""
    if math.isinf(number) or vanished:
        raise _UnfitTokenError(token, "The number is too large or too small for a double")
    return number


def _object(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    value = dict(pairs)
    if len(value) == len(pairs):
        return value
    twice = next(name for name, times in Counter(name for name, _ in pairs).items() if times > 1)
    raise MalformedJson(f"The JSON text is ambiguous: one object has the property {quoted(twice)} twice.")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_integer, parse_float=_number, parse_constant=_constant
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
