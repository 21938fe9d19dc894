"""The messages about schema violations: one message for each keyword of JSON Schema that a value can violate.

Each message is about the value at the violation's pointer, and has at most 200 characters. Of that value, a message repeats only
names of properties, and the one that is not among the allowed values, in shortened form.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from jsonschema import ValidationError

MESSAGE_CHARACTERS = 200
NAME_CHARACTERS = 40
UNKNOWN_NAMED = (
    100  # of the properties of one object; a request may have tens of thousands, and hardly as many are listed
)

Message: TypeAlias = Callable[[Any, ValidationError], Sequence[str]]
"""Take the keyword's value in the schema and the error; return a message for each violation."""

FORMATS = {
    "date-time": "a date and time of RFC 3339 with its offset, such as 2024-05-01T10:00:00Z",
    "date": "a date of RFC 3339, such as 2024-05-01",
}
ARTICLES = {"object": "an object", "array": "an array", "integer": "an integer", "null": "null"}
TYPES = (
    (bool, "boolean"),
    (str, "string"),
    (dict, "object"),
    (list, "array"),
    (type(None), "null"),
    (object, "number"),
)
"""The name of each type of JSON; the first that fits counts."""


def cut(text: str, characters: int) -> str:
    """Shorten a string to at most `characters` characters; the last character of a shortened string is an ellipsis."""
    return text if len(text) <= characters else text[: characters - 1] + "…"


def quoted(name: str) -> str:
    """Return a string from a client in quotes, shortened, with control characters escaped, for use in a message."""
    return cut(repr(cut(name, NAME_CHARACTERS)), MESSAGE_CHARACTERS // 2)


def _say(sentence: Callable[[Any], str]) -> Message:
    return lambda keyword, _: [cut(sentence(keyword), MESSAGE_CHARACTERS)]


def _count(bound: str, thing: str, things: str) -> Message:
    return _say(lambda number: f"must have {bound} {number} {thing if number == 1 else things}")


def one_of(values: Sequence[Any], refused: object) -> str:
    """Return the message that lists the allowed values and names the refused one, both shortened if they are long.

    A refused value of another type than all of the allowed ones is not repeated, only its type: it is no misspelt one of them.
    """
    listed = ", ".join(repr(value) for value in values)
    rule = f"must be {listed}" if len(values) == 1 else f"must be one of {listed}"
    refusal = f", not {_named(refused) if type(refused) in map(type, values) else _type(refused)}"
    return cut(rule, MESSAGE_CHARACTERS - len(refusal)) + refusal


def _named(value: object) -> str:
    return quoted(value) if isinstance(value, str) else cut(json.dumps(value), NAME_CHARACTERS)


def _type(value: object) -> str:
    name = next(name for kind, name in TYPES if isinstance(value, kind))
    return ARTICLES.get(name, f"a {name}")


def _missing(required: Sequence[str], error: ValidationError) -> Sequence[str]:
    value: Any = error.instance
    return [f"must have the property {quoted(name)}" for name in required if name not in value]


def _unknown(_: object, error: ValidationError) -> Sequence[str]:
    value: Any = error.instance
    schema: Any = error.schema
    known = schema.get("properties", {})
    unknown = [name for name in value if name not in known]
    named = [f"must not have the property {quoted(name)}" for name in unknown[:UNKNOWN_NAMED]]
    return named + ["must not have so many unknown properties"] * (len(unknown) - len(named))


MESSAGES: dict[str, Message] = {
    "type": _say(lambda name: f"must be {ARTICLES.get(name, f'a {name}')}"),
    "enum": lambda values, error: [one_of(values, error.instance)],
    "required": _missing,
    "additionalProperties": _unknown,
    "pattern": _say(lambda pattern: f"must match the pattern {pattern}"),
    "format": _say(lambda name: f"must be {FORMATS[name]}"),
    "minLength": _count("at least", "character", "characters"),
    "maxLength": _count("at most", "character", "characters"),
    "minItems": _count("at least", "item", "items"),
    "maxItems": _count("at most", "item", "items"),
    "minProperties": _count("at least", "property", "properties"),
    "maxProperties": _count("at most", "property", "properties"),
    "minimum": _say(lambda bound: f"must be at least {bound}"),
    "maximum": _say(lambda bound: f"must be at most {bound}"),
    "multipleOf": _say(lambda factor: f"must be a multiple of {factor}"),
    "uniqueItems": _say(lambda _: "must not hold the same item twice"),
    "anyOf": _say(lambda schemas: f"must match at least one of the {len(schemas)} alternatives"),
    "oneOf": _say(lambda schemas: f"must match exactly one of the {len(schemas)} alternatives"),
    "not": _say(lambda _: "must not match what the schema excludes"),
}
