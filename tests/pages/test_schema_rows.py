"""A schema becomes a table with all its constraints."""

from __future__ import annotations

from typing import Any

import pytest

from app.pages.markup.schema_rows import alternatives, bounds, rows, type_of
from tests.pages.contract import read

NESTED = {
    "type": "object",
    "required": ["events"],
    "properties": {
        "events": {
            "type": "array",
            "minItems": 1,
            "description": "All.",
            "items": {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}},
        },
        "data": {"type": "object", "properties": {"when": {"type": "string", "format": "date-time"}}},
    },
}


def test_rows_go_down_into_objects_and_arrays() -> None:
    assert [(row.path, row.type, row.required) for row in rows(NESTED)] == [
        ("events", "array of objects", True),
        ("events[].id", "string", True),
        ("data", "object", False),
        ("data.when", "string (date-time)", False),
    ]
    assert next(rows(NESTED)).description == "All."


def test_rows_of_an_array_begin_with_its_items() -> None:
    items = {"type": "object", "properties": {"a": {"type": "integer"}}}
    assert [row.path for row in rows({"type": "array", "items": items})] == ["[]", "[].a"]


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"enum": ["a"]}, ["always a"]),
        ({"enum": ["a", 1, None]}, ["one of a, 1, null"]),
        ({"enum": ["a", "b"], "x-extensible": True}, ["one of a, b, or another that a later version adds"]),
        ({"minLength": 1, "maxLength": 500}, ["1 to 500 characters"]),
        ({"maxLength": 64}, ["at most 64 characters"]),
        ({"minimum": 0}, ["at least 0 "]),
        ({"minimum": 1, "maximum": 1000000}, ["1 to 1,000,000 "]),
        (
            {"minItems": 2, "maxItems": 2, "type": "array", "items": {"enum": ["x", "y"]}},
            ["2 items", "each one of x, y"],
        ),
        ({"pattern": "^<a>$"}, ["pattern ^<a>$"]),
        ({"default": False}, ["default false"]),
        ({"type": "object"}, []),
    ],
)
def test_bounds_are_described_in_words(schema: dict[str, Any], words: list[str]) -> None:
    assert [read(each).text for each in bounds(schema)] == words


@pytest.mark.parametrize(
    ("schema", "name"),
    [
        ({"type": "string"}, "string"),
        ({"type": "string", "format": "date-time"}, "string (date-time)"),
        ({"type": "array", "items": {"type": "string"}}, "array of strings"),
        ({"type": "array", "items": {"type": "string", "format": "date-time"}}, "array"),
        ({"oneOf": []}, "any"),
    ],
)
def test_types_are_named(schema: dict[str, Any], name: str) -> None:
    assert type_of(schema) == name


def test_alternatives_are_named_by_their_discriminator_however_deep() -> None:
    union = {
        "discriminator": {"propertyName": "kind"},
        "oneOf": [{"properties": {"kind": {"enum": ["a"]}}}, {"properties": {"kind": {"enum": ["b"]}}}],
    }
    batch = {"type": "array"}
    found = alternatives({"oneOf": [union, batch]})
    assert [each.name for each in found] == ["a", "b", ""]
    assert found[2].schema is batch
    assert [each.name for each in alternatives(batch)] == [""]
