"""Decide whether a value is valid: with jsonschema-rs, which takes about a fiftieth of the time that jsonschema takes.

The library jsonschema defines the meaning of a schema. The library jsonschema-rs decides the keywords that both libraries
understand in the same way. Any other keyword is rewritten, or passed to jsonschema through a custom keyword.
`tests/specification/test_schema_verdict.py` checks that both libraries decide alike.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeAlias

import jsonschema_rs
from jsonschema.protocols import Validator

from app.specification.schema.dialect import FORMATS, DialectValidator
from app.specification.strict_json import JsonValue

Verdict: TypeAlias = Callable[[JsonValue], bool]

_READ_ALIKE = frozenset(
    {
        *("type", "enum", "required", "minimum", "maximum"),
        *("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"),
    }
)
ASK_JSONSCHEMA = "x-ask-jsonschema"  # the only keyword of our own that jsonschema-rs sees

# The formats as `dialect` defines them. The formats of jsonschema-rs would not do: it accepts second 60, a lower-case t, the year 0
# and the time 10:00:0+Z.
_YEAR = "(?:[1-9][0-9]{3}|0[1-9][0-9]{2}|00[1-9][0-9]|000[1-9])"
_LEAP_YEAR = "(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:0[48]|[2468][048]|[13579][26])00)"
_DAY = "(?:0[1-9]|1[0-9]|2[0-8])"
_MONTH_AND_DAY = f"(?:(?:0[1-9]|1[0-2])-{_DAY}|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)"
_DATE = f"(?:{_YEAR}-{_MONTH_AND_DAY}|{_LEAP_YEAR}-02-29)"
_TIME = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]+)?(?:Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
_FORMATS = {"date": f"^{_DATE}$", "date-time": f"^{_DATE}T{_TIME}$"}

# Patterns that mean the same in Python, compiled by `ecma_pattern`, and in Rust: no `.` or `\s`, no lookaround, no word boundary,
# no set operation in a class, and no count so large that Rust refuses to compile it.
_ESCAPE = r"\\[\\^$.\[\](){}*+?|/-]|\\[dDwW]"
_IN_CLASS = r"(?:[^\\\[\]^&~-]|\\[\\^$.\[\](){}*+?|/-])"
_CLASS = rf"\[\^?(?:{_IN_CLASS}-{_IN_CLASS}|{_IN_CLASS}|\\[dDwW])+-?\]"
_COUNT = r"(?:[*+?]|\{[0-9]{1,3}(?:,[0-9]{0,3})?\})\??(?![*+?{])"
_SHARED_PATTERN = re.compile(
    rf"(?:(?:[^\\^$.\[\](){{}}*+?|]|{_ESCAPE}|{_CLASS}|\))(?:{_COUNT})?|\((?:\?:|(?!\?))|[|^$])*"
)


def compile_verdict(schema: Mapping[str, JsonValue]) -> Verdict:
    """Compile a schema to a function that returns whether a value is valid.

    `schema`: a schema that uses only the keywords that contracts may use.
    The function takes values as `parse_json` returns them.
    """
    jsonschema: Validator = DialectValidator(schema, format_checker=FORMATS)
    keywords: Any = {
        ASK_JSONSCHEMA: _AskJsonschema
    }  # its type stub demands a constructor with the same parameter names
    try:
        compiled = jsonschema_rs.Draft202012Validator(shared_schema(schema), keywords=keywords)
    except (
        jsonschema_rs.ValidationError,
        ValueError,
    ):  # a pattern that is too large for jsonschema-rs; nothing else can fail
        return jsonschema.is_valid
    return partial(_decide, compiled.is_valid, jsonschema.is_valid)


def is_schema(schema: dict[str, Any]) -> bool:
    """Return whether a schema is itself valid by JSON Schema 2020-12.

    The library jsonschema-rs decides this in a hundredth of the time that the library jsonschema takes, but does not give a
    reason.
    """
    try:
        return jsonschema_rs.meta.is_valid(schema)
    except (
        ValueError,
        jsonschema_rs.ReferencingError,
    ):  # half of a surrogate pair, or a nested $schema that is not a URI
        return False


def _decide(quick: Verdict, thorough: Verdict, value: JsonValue) -> bool:
    try:
        return quick(value)
    except ValueError:  # half of a surrogate pair, or nesting beyond the limit of jsonschema-rs
        return thorough(value)


class _AskJsonschema:
    """A custom keyword for jsonschema-rs. The keyword's value is a schema, and the library jsonschema decides by that schema.

    jsonschema-rs creates one object of this class for each occurrence of the keyword.
    """

    def __init__(self, _parent: object, schema: dict[str, Any], _place: object) -> None:
        self._validator: Validator = DialectValidator(schema, format_checker=FORMATS)

    def validate(self, value: JsonValue) -> None:
        if not self._validator.is_valid(value):
            raise ValueError


def shared_schema(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return a schema rewritten so that jsonschema-rs accepts the same values as jsonschema.

    Keywords that only describe a value, such as `title`, are left out.
    """
    shared: dict[str, Any] = {}
    beside: list[dict[str, Any]] = []
    for keyword, value in schema.items():
        match keyword:
            case "properties":
                shared[keyword] = {name: shared_schema(part) for name, part in value.items()}
            case "allOf" | "anyOf" | "oneOf":
                shared[keyword] = [shared_schema(part) for part in value]
            case "items" | "not" | "additionalProperties":
                shared[keyword] = value if isinstance(value, bool) else shared_schema(value)
            case "format" if value in _FORMATS:
                beside.append({"pattern": _FORMATS[value]})
            case _ if _is_read_alike(keyword, value):
                shared[keyword] = value
            case "pattern" | "multipleOf" | "uniqueItems":
                beside.append({ASK_JSONSCHEMA: {keyword: value}})
    return {**shared, "allOf": [*shared.get("allOf", ()), *beside]} if beside else shared


def _is_read_alike(keyword: str, value: Any) -> bool:
    match keyword:
        case "pattern":
            return _SHARED_PATTERN.fullmatch(value) is not None
        case "multipleOf":
            return isinstance(value, int)  # jsonschema-rs divides floats as binary numbers
        case _:
            return keyword in _READ_ALIKE  # uniqueItems is not: jsonschema misses some of [[1], [true], [1]]
