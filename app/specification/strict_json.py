"""Read and write strict JSON (RFC 8259; I-JSON, RFC 7493), so that every parser understands a text in the same way.

The library jiter parses the text and refuses most of the texts that strict JSON forbids; checks of the parsed value find the
rest.
"""

from __future__ import annotations

import codecs
import json
import re
from _json import encode_basestring_ascii, make_encoder
from collections.abc import Mapping
from math import isinf
from typing import Final, TypeAlias

import jiter

from app.specification.errors import MalformedJson
from app.specification.schema.messages import NAME_CHARACTERS, cut

JsonValue: TypeAlias = "bool | int | float | str | list[JsonValue] | dict[str, JsonValue] | None"
"""A JSON value (RFC 8259) as `json.loads` returns it."""

NESTING_LEVELS: Final = 32  # no contract comes near it; readers in other languages have limits of their own
LARGEST_INTEGER: Final = 2**53 - 1  # beyond it, a reader that has doubles only sees another number (RFC 7493 §2.2)

_TOO_DEEP: Final = f"the text is nested deeper than {NESTING_LEVELS} levels"
_HALF_A_PAIR: Final = "half of a surrogate pair is not a character"
_REASONS: Final = {
    "recursion limit exceeded": _TOO_DEEP,
    "unexpected end of hex escape": _HALF_A_PAIR,
    "lone leading surrogate in hex escape": _HALF_A_PAIR,
    "control character (\\u0000-\\u001F) found while parsing a string": "a control character in a string must be escaped",
    "number out of range": "the number has too many digits",
    "expected ident": "expected true, false or null",
}
"""Our words for those reasons of jiter that a client could not understand."""

_ERROR: Final = re.compile(r"(?P<reason>.*) at line (?P<line>[0-9]+) column (?P<column>[0-9]+)", re.DOTALL)
_TWICE: Final = re.compile(r'Detected duplicate key "(?P<name>.*)"', re.DOTALL)
# Each number that a double would round to zero has a large exponent or many zeros after its point.
_LARGE_EXPONENT: Final = re.compile(rb"[0-9][eE]-[0-9]{3}")
_MANY_ZEROS: Final = b"0" * 200
_TOKEN: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[\[{]|[\]}]|(?P<number>-?[0-9][-+.0-9eE]*+)', re.DOTALL)


def parse_json(body: bytes) -> JsonValue:
    """Parse one JSON value in UTF-8 and return it.

    Also refused: a byte order mark, NaN, a property that occurs twice in one object, half of a surrogate pair, a number that a
    double cannot hold, an integer beyond 2^53 - 1, nesting deeper than 32 levels. Raises MalformedJson; its message has the
    position, and repeats nothing of the text except the name of a property.
    """
    try:
        value: JsonValue = jiter.from_json(body, allow_inf_nan=False, cache_mode="keys", catch_duplicate_keys=True)
    except ValueError as error:
        raise _malformed(body, str(error)) from None
    if _is_suspicious(value, body):
        _check_tokens(body)
    return value


def serialise(data: Mapping[str, JsonValue]) -> str:
    """Return `data` as one line of ASCII JSON, with the keys in their given order.

    All other characters are escaped: some clients split lines as Python does, and would end a line at U+2028 or a similar
    character.
    """
    return "".join(_encode(data, 0))


# `json.JSONEncoder.encode` makes this encoder anew for each event, which takes as long as to encode the event. Without `markers`
# nothing looks for circles: a parsed text cannot contain itself.
_encode: Final = make_encoder(
    markers=None,
    default=json.JSONEncoder().default,
    encoder=encode_basestring_ascii,
    indent=None,
    key_separator=":",
    item_separator=",",
    sort_keys=False,
    skipkeys=False,
    allow_nan=False,
)


def _is_suspicious(value: JsonValue, body: bytes) -> bool:
    """Return whether a parsed value is nested too deeply, or has a number that may differ from the number in the text.

    Numbers can differ because jiter reads 1e999 as infinity and 1e-400 as zero.
    """
    zeros = False
    level = [value]
    for _ in range(NESTING_LEVELS):
        within: list[JsonValue] = []
        for each in level:
            if isinstance(each, str):
                continue
            if isinstance(each, dict):
                within += each.values()
            elif isinstance(each, list):
                within += each
            elif isinstance(each, float):
                zeros = zeros or each == 0
                if isinf(each):
                    return True
            elif each is not None and not -LARGEST_INTEGER <= each <= LARGEST_INTEGER:
                return True
        if not within:
            return zeros and (_MANY_ZEROS in body or _LARGE_EXPONENT.search(body) is not None)
        level = within
    return True


def _check_tokens(body: bytes) -> None:
    """Raise MalformedJson for the first number that readers could understand differently, or bracket that is nested too deeply.

    `body`: a text that jiter has already parsed without an error.
    """
    level = 0
    for token in _TOKEN.finditer(body):
        if token["number"]:
            reason = _unfit(token["number"])
        else:
            level += {b"[": 1, b"{": 1, b"]": -1, b"}": -1}.get(token[0], 0)
            reason = _TOO_DEEP if level > NESTING_LEVELS else None
        if reason:
            raise _refused(body, token.start(), reason)


def _unfit(number: bytes) -> str | None:
    if number.removeprefix(b"-").isdigit():
        fits = len(number) <= 20 and abs(int(number)) <= LARGEST_INTEGER
        return None if fits else "the integer is beyond 2^53 - 1, so readers would see different numbers"
    read = float(number)
    vanished = read == 0 and number.lower().partition(b"e")[0].strip(b"-0.") != b""
    return "the number is too large or too small for a double" if vanished or isinf(read) else None


def _malformed(body: bytes, message: str) -> MalformedJson:
    """Return a MalformedJson error for a text that jiter refused, with a message that a client can understand.

    `message`: the error message of jiter.
    """
    if not body:
        return MalformedJson("The JSON text is empty.")
    if body.startswith(codecs.BOM_UTF8):
        return MalformedJson("The JSON text begins with a byte order mark.")
    try:
        body.decode()
    except UnicodeDecodeError as error:
        return MalformedJson(f"The JSON text is not UTF-8 from byte {error.start + 1} on.")
    found = _ERROR.fullmatch(message)
    if found is None:
        return MalformedJson("The JSON text is malformed.")
    offset = _offset(body, found)
    if body.startswith((b"NaN", b"Infinity"), offset):
        return _refused(body, offset, "NaN and Infinity are not JSON numbers")
    return _refused(body, offset, _reason(found["reason"]))


def _reason(reason: str) -> str:
    twice = _TWICE.fullmatch(reason)
    if twice:
        return f"one object has the property '{cut(twice['name'], NAME_CHARACTERS)}' twice"
    return _REASONS.get(reason, reason)


def _offset(body: bytes, found: re.Match[str]) -> int:
    """Return the offset in bytes of the error whose line and column jiter reports.

    jiter counts columns in bytes, and counts a line feed as column 0 of the next line.
    """
    if found["reason"].startswith("EOF"):
        return len(body)
    start = 0
    for _ in range(int(found["line"]) - 1):
        start = body.index(b"\n", start) + 1
    return start + int(found["column"]) - 1


def _refused(body: bytes, offset: int, reason: str) -> MalformedJson:
    line = body.count(b"\n", 0, offset) + 1
    column = len(body[body.rfind(b"\n", 0, offset) + 1 : offset].decode(errors="replace")) + 1
    return MalformedJson(f"The JSON text is malformed at line {line}, column {column}: {reason}.")
