"""Decide whether a schema implies a keyword with a certain value: it allows nothing that the keyword refuses.

These are the keywords that need not be compared part by part. The answer may be too strict, but it is never too lenient.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any, Final, TypeAlias

from app.specification.schema.dialect import FORMATS
from app.specification.schema.pattern_containment import allows_all

Implies: TypeAlias = Callable[[Mapping[str, Any], Any], bool]
"""Take a schema and the value of the keyword; return whether the schema implies it."""


def _at_least(keyword: str, least: float) -> Implies:
    """Return the rule of a lower bound; `least` is the one that applies without the keyword."""
    return lambda schema, bound: schema.get(keyword, least) >= bound


def _at_most(keyword: str) -> Implies:
    return lambda schema, bound: schema.get(keyword, float("inf")) <= bound


def _bound(schema: Mapping[str, Any], keyword: str, without: float, to_integer: Callable[[float], int]) -> float:
    """Return the bound of a number, which is that of the integers if the schema allows only these."""
    bound: float = schema.get(keyword, without)
    return to_integer(bound) if schema.get("type") == "integer" and math.isfinite(bound) else bound


def _same(keyword: str) -> Implies:
    return lambda schema, value: keyword in schema and _canonical(schema[keyword]) == _canonical(value)


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _is_of_type(schema: Mapping[str, Any], value: str) -> bool:
    if schema.get("type") == value or (schema.get("type"), value) == ("integer", "number"):
        return True
    return value == "integer" and schema.get("type") == "number" and _is_multiple(schema, 1)


def _is_formatted(schema: Mapping[str, Any], value: str) -> bool:
    return value not in FORMATS.checkers or schema.get("format") == value


def _matches(schema: Mapping[str, Any], pattern: str) -> bool:
    own = schema.get("pattern", "")  # which every text matches
    return bool(own == pattern) or allows_all(pattern, of=own)


def _is_multiple(schema: Mapping[str, Any], factor: float) -> bool:
    own = schema.get("multipleOf", 1 if schema.get("type") == "integer" else None)
    return own is not None and (Fraction(str(own)) / Fraction(str(factor))).denominator == 1


def _has_properties(schema: Mapping[str, Any], least: int) -> bool:
    required = len(set(schema.get("required", ())))
    return required >= least or schema.get("minProperties", 0) >= least


def _has_no_more(schema: Mapping[str, Any], most: int) -> bool:
    closed = schema.get("additionalProperties") is False
    return (closed and len(schema.get("properties", {})) <= most) or schema.get("maxProperties", float("inf")) <= most


IMPLIES: Final[Mapping[str, Implies]] = {
    "type": _is_of_type,
    "enum": lambda _schema, _values: False,  # a schema that lists its values is compared value by value
    "format": _is_formatted,
    "pattern": _matches,
    "minLength": _at_least("minLength", 0),
    "maxLength": _at_most("maxLength"),
    "minimum": lambda schema, bound: _bound(schema, "minimum", -math.inf, math.ceil) >= bound,
    "maximum": lambda schema, bound: _bound(schema, "maximum", math.inf, math.floor) <= bound,
    "multipleOf": _is_multiple,
    "minProperties": _has_properties,
    "maxProperties": _has_no_more,
    "minItems": _at_least("minItems", 0),
    "maxItems": _at_most("maxItems"),
    "uniqueItems": lambda schema, unique: not unique or schema.get("uniqueItems", False) is True,
    "anyOf": _same("anyOf"),
    "oneOf": _same("oneOf"),
    "not": _same("not"),
}
