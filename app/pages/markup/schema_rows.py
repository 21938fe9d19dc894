"""Convert a schema to the rows of a table: one row for each property, also for nested properties, with its constraints in words.

The schemas must not contain references.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from markupsafe import Markup


class Row(NamedTuple):
    """A property of a schema as a row of a table.

    `path`: the path of the property from the root of the schema, such as `events[].id`.
    `type`, `bounds`: the type and the other constraints, in words.
    """

    path: str
    type: str
    required: bool
    bounds: list[Markup]
    description: str


class Alternative(NamedTuple):
    """One alternative of a schema with `oneOf`: its schema, and its discriminator value as its name (may be empty)."""

    name: str
    schema: Mapping[str, Any]


_RANGES: Final = (
    ("minLength", "maxLength", "characters"),
    ("minItems", "maxItems", "items"),
    ("minimum", "maximum", ""),
)


def rows(schema: Mapping[str, Any], path: str = "") -> Iterator[Row]:
    """Yield a table row for each property of a schema; the rows of nested properties follow the row of the property around them.

    `path`: the path of this schema from the root; empty for the root.
    """
    required = schema.get("required", ())
    for name, part in schema.get("properties", {}).items():
        here = f"{path}.{name}" if path else name
        yield Row(here, type_of(part), name in required, list(bounds(part)), part.get("description", ""))
        yield from rows(part, here)
    items = schema.get("items", {})
    if not path and items:
        yield Row("[]", type_of(items), False, list(bounds(items)), items.get("description", ""))
    yield from rows(items, f"{path}[]") if items else ()


def alternatives(schema: Mapping[str, Any]) -> list[Alternative]:
    """Return the alternatives in the `oneOf` of a schema; for a schema without `oneOf`, the schema is the only alternative."""
    if "oneOf" not in schema:
        return [Alternative("", schema)]
    discriminator = schema.get("discriminator", {}).get("propertyName")
    found = []
    for part in schema["oneOf"]:
        if "oneOf" in part:
            found += alternatives(part)
        else:
            names = part.get("properties", {}).get(discriminator, {}).get("enum", [""])
            found.append(Alternative(names[0], part))
    return found


def type_of(schema: Mapping[str, Any]) -> str:
    """Return the type that a schema requires, in words, such as "array of strings"."""
    match schema:
        case {"type": "array", "items": items}:
            return f"array of {type_of(items)}s" if "format" not in items else "array"
        case {"type": str(kind), "format": str(form)}:
            return f"{kind} ({form})"
        case {"type": str(kind)}:
            return kind
        case _:
            return "any"


def bounds(schema: Mapping[str, Any]) -> Iterator[Markup]:
    """Yield each constraint of a schema except the type, in words, such as "at most 64 characters"."""
    match schema.get("enum", []):
        case [only]:
            yield Markup("always {}").format(_code(only))
        case [_, *_] as values:
            more = ", or another that a later version adds" if schema.get("x-extensible", False) else ""
            yield Markup("one of {}{}").format(Markup(", ").join(_code(value) for value in values), more)
    for low, high, unit in _RANGES:
        if low in schema or high in schema:
            yield Markup("{} {}").format(_range(schema.get(low), schema.get(high)), unit)
    if "pattern" in schema:
        yield Markup("pattern {}").format(_code(schema["pattern"]))
    if schema.get("type") == "array":
        yield from (Markup("each {}").format(each) for each in bounds(schema["items"]))
    if "default" in schema:
        yield Markup("default {}").format(_code(schema["default"]))


def _range(low: float | None, high: float | None) -> str:
    match low, high:
        case None, _:
            return f"at most {high:,}"
        case _, None:
            return f"at least {low:,}"
        case _ if low == high:
            return f"{low:,}"
        case _:
            return f"{low:,} to {high:,}"


def _code(value: object) -> Markup:
    return Markup("<code>{}</code>").format(value if isinstance(value, str) else json.dumps(value))
