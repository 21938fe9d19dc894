"""The keywords of JSON Schema that contracts may use (the dialect); each has the same meaning in 2020-12 and in OpenAPI 3.0.

Any other keyword is refused when a schema is compiled, because tools for one of the two standards would silently ignore it.
`$ref` is refused as well: each schema is complete in its own file, and nothing is ever fetched.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker, ValidationError
from jsonschema.validators import extend

from app.specification.pointer import Pointer
from app.specification.schema.ecma_pattern import ecma_pattern
from app.specification.schema.messages import MESSAGES

DRAFT = "https://json-schema.org/draft/2020-12/schema"

_STRUCTURE = frozenset({"properties", "items", "allOf"})  # a value violates a schema within them
_ANNOTATIONS = frozenset(
    {
        *("$schema", "$id", "title", "description", "default", "example", "deprecated"),
        *("discriminator", "externalDocs", "readOnly", "writeOnly", "xml"),
    }
)
UNCHECKED_FORMATS = frozenset({"int32", "int64", "float", "double"})  # OpenAPI's hints to code generators


def refusals(schema: object, path: Pointer = ()) -> Iterator[tuple[Pointer, str]]:
    """Yield the location and the reason for each part of a schema that uses a keyword or a value outside the dialect.

    `schema`: a schema that is valid by JSON Schema 2020-12.
    `path`: the JSON pointer of this schema in the schema around it.
    """
    if not isinstance(schema, Mapping):
        yield path, "a schema must be an object"
        return
    for keyword, value in schema.items():
        reason = _reason(keyword, value)
        if reason is not None:
            yield (*path, keyword), reason
    for pointer, part in parts(schema):
        yield from refusals(part, (*path, *pointer))


def _reason(keyword: str, value: Any) -> str | None:
    match keyword:
        case "type" if not isinstance(value, str):
            return "a list of types is outside the dialect shared with OpenAPI 3.0"
        case "format" if value not in UNCHECKED_FORMATS:
            return None if value in FORMATS.checkers else f"nothing here can check the format {value!r}"
        case "pattern":
            return _pattern_fault(value)
    known = keyword in _STRUCTURE or keyword in _ANNOTATIONS or keyword in MESSAGES or keyword.startswith("x-")
    return None if known else f"the keyword {keyword!r} is outside the dialect shared with OpenAPI 3.0"


def _pattern_fault(pattern: str) -> str | None:
    try:
        ecma_pattern(pattern)
    except re.error as error:
        return f"the pattern does not compile: {error}"
    return None


def parts(schema: Mapping[str, Any]) -> Iterator[tuple[Pointer, object]]:
    """Yield the schemas that are directly within a schema, each with its JSON pointer there."""
    for name, part in schema.get("properties", {}).items():
        yield ("properties", name), part
    for keyword in ("allOf", "anyOf", "oneOf"):
        for index, part in enumerate(schema.get(keyword, ())):
            yield (keyword, index), part
    for keyword in ("items", "not", "additionalProperties"):
        closes = keyword == "additionalProperties" and isinstance(schema.get(keyword), bool)
        if keyword in schema and not closes:
            yield (keyword,), schema[keyword]


# Keywords that jsonschema alone checks too leniently, or with one error for each of many names


def _pattern(_validator: Any, pattern: str, value: Any, _schema: Any) -> Iterator[ValidationError]:
    if isinstance(value, str) and not ecma_pattern(pattern).search(value):
        yield ValidationError("")


def _multiple_of(_validator: Any, factor: float, value: Any, _schema: Any) -> Iterator[ValidationError]:
    # By their decimal digits: divided as binary numbers, 0.3 would not be a multiple of 0.1.
    if isinstance(value, int | float) and not isinstance(value, bool) and _exact(value) % _exact(factor) != 0:
        yield ValidationError("")


def _exact(number: float) -> Fraction:
    return Fraction(number) if isinstance(number, int) else Fraction(str(number))


def _required(_validator: Any, names: list[str], value: Any, _schema: Any) -> Iterator[ValidationError]:
    # One error for all missing names, and below one for all unknown names: a request may have 100,000 of them.
    if isinstance(value, dict) and not all(name in value for name in names):
        yield ValidationError("")


def _additional(validator: Any, allowed: Any, value: Any, schema: Any) -> Iterator[ValidationError]:
    if not isinstance(value, dict):
        return
    unknown = value.keys() - schema.get("properties", {}).keys()
    if allowed is False and unknown:
        yield ValidationError("")
    if isinstance(allowed, Mapping):
        for name in unknown:
            yield from validator.descend(value[name], allowed, path=name)


def _is_date_time(value: object) -> bool:
    """Return whether a string is a date-time of RFC 3339 with an upper-case T and Z, and without a leap second.

    Any value that is not a string is accepted, because `format` applies to strings only. RFC 3339 §5.6 allows a specification to
    require upper case. Neither JavaScript's Date nor Python's datetime accepts 60 as seconds, so consumers could not parse a leap
    second.
    """
    if not isinstance(value, str):
        return True
    exact = value == value.upper() and not value.endswith("\n")
    return exact and Draft202012Validator.FORMAT_CHECKER.conforms(value, "date-time")


def _formats() -> FormatChecker:
    formats = FormatChecker(("date",))
    # Without rfc3339-validator, jsonschema accepts every string as a date-time; then the dialect refuses the format.
    if "date-time" in Draft202012Validator.FORMAT_CHECKER.checkers:
        formats.checks("date-time")(_is_date_time)
    return formats


FORMATS = _formats()

DialectValidator = extend(  # type: ignore[no-untyped-call]  # types-jsonschema leaves it untyped
    Draft202012Validator,
    {"pattern": _pattern, "multipleOf": _multiple_of, "required": _required, "additionalProperties": _additional},
)
