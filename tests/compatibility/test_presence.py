from __future__ import annotations

from typing import Any

import pytest

from app.compatibility.consumers import Presence, presence

ABSENT, OPTIONAL, REQUIRED = Presence.ABSENT, Presence.OPTIONAL, Presence.REQUIRED
ADDRESS: dict[str, Any] = {"type": "object", "required": ["city"], "properties": {"city": {}, "street": {}}}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["address", "lines", "a/b", "parcel"],
    "properties": {
        "address": ADDRESS,
        "billing": ADDRESS,
        "lines": {"type": "array", "minItems": 1, "items": ADDRESS},
        "a/b": {},
        "parcel": {"allOf": [{"properties": {"size": {}}}, {"required": ["size"]}]},
    },
    "oneOf": [
        {"required": ["always", "by"], "properties": {"always": {}, "by": {}}},
        {"required": ["always"], "properties": {"always": {}, "at": {}}},
    ],
    "additionalProperties": True,
}


@pytest.mark.parametrize(
    ("pointer", "expected"),
    [
        ("/address", REQUIRED),
        ("/address/city", REQUIRED),
        ("/address/street", OPTIONAL),
        ("/address/country", ABSENT),
        ("/billing/city", OPTIONAL),
        ("/lines/0/city", REQUIRED),
        ("/lines/0/street", OPTIONAL),
        ("/lines/1/city", OPTIONAL),
        ("/lines/first", ABSENT),
        ("/a~1b", REQUIRED),
        ("/parcel/size", REQUIRED),
        ("/always", REQUIRED),
        ("/by", OPTIONAL),
        ("/at", OPTIONAL),
        ("/nothing", ABSENT),
        ("/address/city/name", ABSENT),
    ],
)
def test_presence_follows_the_schema(pointer: str, expected: Presence) -> None:
    assert presence(SCHEMA, pointer) is expected
