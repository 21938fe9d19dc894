"""Every change between two versions is described."""

from __future__ import annotations

from typing import Any

import pytest

from app.pages.content.schema_changes import changes

OLD: dict[str, Any] = {
    "$id": "urn:1.0.0",
    "type": "object",
    "required": ["orderId"],
    "properties": {
        "orderId": {"type": "string", "pattern": "^a$"},
        "reason": {"type": "string", "maxLength": 5, "enum": ["a", "b"]},
        "items": {"type": "array", "items": {"type": "object", "properties": {"n": {"type": "integer"}}}},
    },
}


def changed(**properties: Any) -> dict[str, Any]:
    return {**OLD, "properties": {**OLD["properties"], **properties}}


@pytest.mark.parametrize(
    ("new", "sentences"),
    [
        (changed(carrier={"type": "string"}), ["`carrier` is new and optional."]),
        ({**changed(carrier={}), "required": ["orderId", "carrier"]}, ["`carrier` is new and required."]),
        ({**OLD, "required": []}, ["`orderId` is now optional."]),
        ({**OLD, "required": ["orderId", "reason"]}, ["`reason` is now required."]),
        ({**OLD, "properties": {"orderId": OLD["properties"]["orderId"]}}, ["`reason` was removed.", "`items` was removed."]),
        (changed(orderId={"type": "string"}), ['The `pattern` of `orderId` was removed; it was `"^a$"`.']),
        (changed(orderId={"type": "string", "pattern": "^b$"}), ['The `pattern` of `orderId` was `"^a$"`, and is now `"^b$"`.']),
        (
            changed(reason={"type": "string", "maxLength": 9, "enum": ["a"]}),
            ["The `maxLength` of `reason` was `5`, and is now `9`.", 'The `enum` of `reason` was `["a", "b"]`, and is now `["a"]`.'],
        ),
        ({**OLD, "additionalProperties": False}, ["The `additionalProperties` of the data is new: `false`."]),
        (
            changed(items={"type": "array", "items": {"type": "object", "properties": {"n": {"type": "string"}}}}),
            ['The `type` of `items[].n` was `"integer"`, and is now `"string"`.'],
        ),
        ({**changed(reason={**OLD["properties"]["reason"], "description": "Why."}), "$id": "urn:1.0.1"},
         ["Only descriptions were reworded."]),
    ],
)  # fmt: skip
def test_each_change_is_described(new: dict[str, Any], sentences: list[str]) -> None:
    assert changes(OLD, new) == sentences
