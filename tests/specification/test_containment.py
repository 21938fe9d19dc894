"""No schema is called contained in another one that refuses some of its values."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.specification.schema.containment import excess
from app.specification.schema.messages import MESSAGES
from app.specification.schema.verdict import compile_verdict
from tests.support.schema_pairs import VALUES, resolved, schema_pair

TEXT = {"type": "string"}
CLOSED = {"type": "object", "additionalProperties": False}


@settings(max_examples=400, derandomize=True, database=None, deadline=None)
@given(st.integers(0, 2**64))
def test_what_is_called_contained_is_contained(seed: int) -> None:
    before, now = (resolved(each["Root"], each) for each in schema_pair(Random(seed)))
    for narrower, wider in ((before, now), (now, before), (before, before)):
        accepted = compile_verdict(narrower), compile_verdict(wider)
        surplus = [value for value in VALUES if accepted[0](value) and not accepted[1](value)]
        assert not surplus or excess(narrower, wider) is not None, (narrower, wider, surplus)


@pytest.mark.parametrize(
    ("narrower", "wider"),
    [
        ({**TEXT, "maxLength": 5}, {**TEXT, "maxLength": 6}),
        ({"type": "integer"}, {"type": "number"}),
        ({**TEXT, "enum": ["a"]}, {**TEXT, "pattern": "^a$"}),
        ({"type": "boolean"}, {"enum": [True, False]}),
        ({**TEXT, "format": "date"}, TEXT),
        ({**TEXT, "pattern": "^[ab]{1,3}$"}, {**TEXT, "pattern": "^[a-z]{1,4}$"}),
        ({"type": "integer", "multipleOf": 6}, {"multipleOf": 3, "maxLength": 5}),
        (CLOSED, {"type": "object", "properties": {"a": TEXT}, "maxProperties": 0}),
        ({**CLOSED, "properties": {"a": TEXT}}, {"type": "object", "additionalProperties": TEXT}),
        ({**CLOSED, "properties": {"a": TEXT}, "required": ["a"]}, {"minProperties": 1, "required": ["a"]}),
        ({"type": "array", "items": {"type": "integer"}}, {"type": "array", "items": {"type": "number"}}),
        ({"anyOf": [TEXT, {"type": "null"}]}, {"anyOf": [{"type": "null"}, TEXT, {"type": "integer"}]}),
        ({"allOf": [TEXT, {"maxLength": 3}]}, {**TEXT, "maxLength": 4}),
        ({"oneOf": [TEXT, {"maxLength": 3}]}, {"oneOf": [TEXT, {"maxLength": 3}]}),
    ],
)
def test_schema_is_contained(narrower: Any, wider: Any) -> None:
    assert excess(narrower, wider) is None
    assert excess(wider, narrower) is not None or narrower == wider or narrower["type"] == "boolean"


def test_the_reason_has_the_place_and_the_keyword() -> None:
    narrower = {**CLOSED, "properties": {"a": {**CLOSED, "properties": {"b": {"type": "array", "items": TEXT}}}}}
    item = {"type": "array", "items": {**TEXT, "maxLength": 3}}
    wider = {**CLOSED, "properties": {"a": {**CLOSED, "properties": {"b": item}}}}
    assert excess(narrower, wider) == (("a", "b", "…"), "maxLength")


def test_every_keyword_that_refuses_values_can_refuse_containment() -> None:
    samples: dict[str, Any] = {
        **dict.fromkeys(("minLength", "minimum", "minItems", "minProperties", "multipleOf"), 3),
        **dict.fromkeys(("maxLength", "maximum", "maxItems", "maxProperties"), 0),
        **{key: {"type": "null"} for key in ("items", "not", "additionalProperties")},
        **{key: [{"type": "null"}] for key in ("allOf", "anyOf", "oneOf")},
        "type": "null",
        "enum": [1],
        "required": ["a"],
        "pattern": "a",
        "format": "date",
        "uniqueItems": True,
        "properties": {"a": {"type": "null"}},
    }
    assert set(MESSAGES) - set(samples) == set()
    assert [keyword for keyword, value in samples.items() if excess({}, {keyword: value}) is None] == []
