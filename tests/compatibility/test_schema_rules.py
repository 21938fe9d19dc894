"""One test for each rule and direction: the step of the version that a difference between two schemas needs."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from app.compatibility.rules.change import Direction
from app.compatibility.rules.comparison import Comparison, Documents
from app.compatibility.rules.rows import compare
from app.compatibility.rules.schema_rules import SCHEMA
from app.specification.schema import dialect as schema_dialect
from app.specification.schema.messages import MESSAGES
from app.specification.version import Step

PATCH, MINOR, MAJOR = Step.PATCH, Step.MINOR, Step.MAJOR
STRING: dict[str, Any] = {"type": "string"}
CLOSED: dict[str, Any] = {"type": "object", "properties": {"a": {}}, "additionalProperties": False}
OPEN: dict[str, Any] = {"type": "object", "properties": {"a": {}}}


class Case(NamedTuple):
    """Two schemas, the rule that reports the difference, and the least step in requests, in responses and in events."""

    keyword: str
    before: dict[str, Any]
    now: dict[str, Any]
    rule: str
    request: Step
    response: Step
    event: Step


def looser(keyword: str, before: Any, now: Any, rule: str = "") -> list[Case]:
    """Make a case of each direction: `now` allows more than `before`; a keyword that is None is absent."""
    name = rule or _kebab(keyword)
    was, is_ = _schema(keyword, before), _schema(keyword, now)
    return [
        Case(keyword, was, is_, f"{name}-loosened", MINOR, MAJOR, MAJOR),
        Case(keyword, is_, was, f"{name}-tightened", MAJOR, MINOR, MAJOR),
    ]


def breaking(keyword: str, before: Any, now: Any, rule: str = "") -> list[Case]:
    """Make a case of each direction: each breaks someone."""
    name = rule or f"{_kebab(keyword)}-changed"
    was, is_ = _schema(keyword, before), _schema(keyword, now)
    return [Case(keyword, old, new, name, MAJOR, MAJOR, MAJOR) for old, new in ((was, is_), (is_, was))]


def harmless(keyword: str, before: Any, now: Any, step: Step = PATCH) -> list[Case]:
    """Make a case of each direction: neither breaks anyone."""
    name = f"{_kebab(keyword)}-{'reworded' if step is PATCH else 'extended'}"
    was, is_ = _schema(keyword, before), _schema(keyword, now)
    return [Case(keyword, old, new, name, step, step, step) for old, new in ((was, is_), (is_, was))]


def _schema(keyword: str, value: Any) -> dict[str, Any]:
    return {} if value is None else {keyword: value}


def _kebab(keyword: str) -> str:
    return "".join(f"-{each.lower()}" if each.isupper() else each for each in keyword).lstrip("$")


def _requires(*names: str) -> dict[str, Any]:
    return {**CLOSED, "required": list(names)}


def _has(*names: str, **keywords: Any) -> dict[str, Any]:
    return {**CLOSED, "properties": {name: {} for name in names}, **keywords}


def _open_to(others: dict[str, Any], **properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": {"a": {}, **properties}, "additionalProperties": others}


def _closed(*names: str) -> dict[str, Any]:
    return {"type": "object", "properties": {name: {} for name in names}, "additionalProperties": False}


def _tagged(tag: str, most: int = 9) -> dict[str, Any]:
    properties = {"tag": {"type": "string", "enum": [tag]}}
    return {"type": "object", "required": ["tag"], "properties": properties, "maxProperties": most}


ONE, OTHER = {"type": "string"}, {"type": "integer"}
FROM_5, TO_3 = {"type": "integer", "minimum": 5}, {"type": "integer", "maximum": 3}

CASES = [
    *looser("type", "integer", "number"),
    *looser("type", "string", None),
    *breaking("type", "string", "integer"),
    *looser("format", "date", None),
    *breaking("format", "date", "date-time"),
    *looser("format", "int32", "int64"),
    *looser("format", "float", "double"),
    *looser("format", "int64", None),
    *breaking("format", "int32", "float"),
    *looser("enum", ["a"], None),
    Case("enum", {"enum": ["a"]}, {"enum": ["a", "b"]}, "enum-value-added", MINOR, MAJOR, MAJOR),
    Case("enum", {"enum": ["a", "b"]}, {"enum": ["a"]}, "enum-value-removed", MAJOR, MAJOR, MAJOR),
    Case("enum", {"enum": [1]}, {"enum": [True, 1]}, "enum-value-added", MINOR, MAJOR, MAJOR),
    *looser("pattern", "^a$", None),
    *looser("pattern", "^[a-z]{1,8}$", "^[a-z0-9]{0,9}$"),
    *breaking("pattern", "^[a-z]+$", "^[0-9]+$"),
    *looser("pattern", "^(a|b)$", "^(a|b|c)$"),
    *looser("pattern", "^[0-9A-Za-z_-]{0,64}$", "^[^\\n]*$"),
    *breaking("pattern", "^(?!a)b$", "^(?!a)b?$"),  # lookarounds are not understood
    *harmless("pattern", "^[0-9]{1,}$", "^[0-9]+$"),
    *looser("minLength", 2, 1),
    *looser("minLength", 1, None),
    *harmless("minLength", 0, None),
    *looser("maxLength", 1, 2),
    *looser("maxLength", 1, None),
    *looser("minimum", 0, -1),
    *looser("minimum", 0, None),
    *looser("maximum", 1, 1.5),
    *looser("maximum", 1, None),
    *harmless("maximum", 1, 1.0),
    *looser("multipleOf", 0.02, 0.01),
    *looser("multipleOf", 2, None),
    *breaking("multipleOf", 2, 3),
    *harmless("multipleOf", 2, 2.0),
    Case("required", _requires(), _requires("a"), "property-became-required", MAJOR, MINOR, MAJOR),
    Case("required", _requires("a"), _requires(), "property-became-optional", MINOR, MAJOR, MAJOR),
    Case("required", _has("a"), _has("a", "b", required=["b"]), "required-property-added", MAJOR, MINOR, MAJOR),
    Case("properties", _has("a"), _has("a", "b"), "property-added", MINOR, MINOR, MINOR),
    Case("properties", _has("a", "b"), _has("a"), "property-removed", MAJOR, MAJOR, MAJOR),
    Case("properties", _has("a", "b", required=["b"]), _has("a"), "property-removed", MAJOR, MAJOR, MAJOR),
    Case("properties", OPEN, {**OPEN, "properties": {"a": {}, "b": STRING}}, "property-added", MAJOR, MINOR, MAJOR),
    Case("properties", OPEN, {**OPEN, "properties": {"a": {}, "b": {}}}, "property-added", MINOR, MINOR, MINOR),
    Case(
        "properties",
        {**CLOSED, "additionalProperties": {"type": "string"}},
        {**_has("a", "b"), "additionalProperties": {"type": "string"}},
        "property-added",
        MINOR,
        MAJOR,
        MAJOR,
    ),
    *(
        Case("properties", _open_to(STRING), _open_to(STRING, b=schema), "property-added", request, response, event)
        for schema, request, response, event in (
            (STRING, MINOR, MINOR, MINOR),
            ({**STRING, "maxLength": 9}, MAJOR, MINOR, MAJOR),
            ({"type": "integer"}, MAJOR, MAJOR, MAJOR),
        )
    ),
    *looser("additionalProperties", False, True),
    *looser("additionalProperties", False, None),
    *looser("additionalProperties", False, {"type": "string"}),
    *looser("additionalProperties", {"type": "string"}, None),
    *harmless("additionalProperties", True, None),
    *looser("additionalProperties", {"type": "integer"}, {"type": "number"}, rule="type"),
    *looser("minProperties", 1, None),
    *looser("maxProperties", 1, 2),
    Case("items", {"items": ONE}, {}, "items-removed", MINOR, MAJOR, MAJOR),
    Case("items", {}, {"items": ONE}, "items-added", MAJOR, MINOR, MAJOR),
    *looser("items", {"maxLength": 1}, {"maxLength": 2}, rule="max-length"),
    *looser("minItems", 2, 1),
    *looser("maxItems", 1, 2),
    *looser("uniqueItems", True, None),
    *harmless("uniqueItems", False, None),
    Case("allOf", {"allOf": [ONE]}, {"allOf": [ONE, OTHER]}, "alternative-added", MAJOR, MINOR, MAJOR),
    Case("allOf", {"allOf": [ONE, OTHER]}, {"allOf": [ONE]}, "alternative-removed", MINOR, MAJOR, MAJOR),
    Case("anyOf", {"anyOf": [ONE]}, {"anyOf": [ONE, OTHER]}, "alternative-added", MINOR, MAJOR, MAJOR),
    Case("anyOf", {"anyOf": [ONE, OTHER]}, {"anyOf": [ONE]}, "alternative-removed", MAJOR, MAJOR, MAJOR),
    Case("oneOf", {"oneOf": [ONE]}, {"oneOf": [ONE, OTHER]}, "alternative-added", MINOR, MAJOR, MAJOR),
    Case("oneOf", {"oneOf": [ONE, OTHER]}, {"oneOf": [ONE]}, "alternative-removed", MAJOR, MAJOR, MAJOR),
    *looser("oneOf", [{"maxLength": 1}], [{"maxLength": 2}], rule="max-length"),
    # The first schema of a list makes values invalid; without the list, all values are valid.
    *looser("allOf", [ONE, OTHER], None),
    *looser("anyOf", [ONE, OTHER], None),
    *looser("oneOf", [ONE, OTHER], None),
    # Alternatives that overlap: a value that both allow is invalid, so neither may allow more or less.
    *breaking("oneOf", [FROM_5, {**TO_3, "maximum": 6}], [FROM_5, {**TO_3, "maximum": 7}], rule="maximum-changed"),
    *breaking("oneOf", [ONE, {"maxLength": 1}], [ONE, {"maxLength": 2}], rule="max-length-changed"),
    Case("oneOf", {"oneOf": [OTHER]}, {"oneOf": [OTHER, FROM_5]}, "alternative-added", MAJOR, MAJOR, MAJOR),
    Case(
        "oneOf",
        {"oneOf": [_closed("a"), _closed("b")]},
        {"oneOf": [_closed("a", "b"), _closed("b")]},
        "property-added",
        MAJOR,
        MAJOR,
        MAJOR,
    ),
    # Alternatives that exclude each other
    *looser("oneOf", [FROM_5, TO_3], [FROM_5, {**TO_3, "maximum": 4}], rule="maximum"),
    *looser("oneOf", [_tagged("a"), _tagged("b", 1)], [_tagged("a"), _tagged("b", 2)], rule="max-properties"),
    *looser("oneOf", [ONE, {"enum": [1, 2], "maximum": 1}], [ONE, {"enum": [1, 2], "maximum": 2}], rule="maximum"),
    *breaking("not", {"type": "string"}, {"type": "integer"}),
    *looser("not", {"type": "number"}, {"type": "integer"}),
    *looser("not", {"type": "string", "maxLength": 2}, {"type": "string", "maxLength": 1}),
    *looser("not", {"type": "string"}, None),
    Case("discriminator", {}, {"discriminator": {"propertyName": "a"}}, "discriminator-added", MINOR, MINOR, MINOR),
    Case("discriminator", {"discriminator": {"propertyName": "a"}}, {}, "discriminator-removed", MAJOR, MAJOR, MAJOR),
    *breaking("discriminator", {"propertyName": "a"}, {"propertyName": "b"}, rule="property-name-changed"),
    Case(
        "discriminator",
        {"discriminator": {"propertyName": "a", "mapping": {"x": "X"}}},
        {"discriminator": {"propertyName": "a", "mapping": {"x": "X", "y": "Y"}}},
        "mapping-extended",
        MINOR,
        MINOR,
        MINOR,
    ),
    *breaking(
        "discriminator",
        {"propertyName": "a", "mapping": {"x": "X"}},
        {"propertyName": "a", "mapping": {"x": "Y"}},
        rule="mapping-changed",
    ),
    *looser("x-extensible", None, True),
    *breaking("x-key", None, True),
    *breaking("x-owner", None, True),
    *breaking("default", 1, 2),
    *breaking("default", None, 2),
    *breaking("default", 1, True),
    *breaking("readOnly", None, True, rule="read-only-changed"),
    *breaking("writeOnly", None, True, rule="write-only-changed"),
    *harmless("readOnly", False, None),
    *harmless("writeOnly", False, None),
    *breaking("xml", {"name": "a"}, {"name": "b"}),
    *harmless("deprecated", None, True, MINOR),
    *harmless("$schema", "a", "b"),
    *harmless("$id", "a", "b"),
    *harmless("title", "a", "b"),
    *harmless("description", None, "b"),
    *harmless("example", 1, 2),
    *harmless("externalDocs", {"url": "a"}, {"url": "b"}),
    *harmless("x-note", 1, 2),
]


def changes(before: Any, now: Any, direction: Direction, documents: Documents | None = None) -> dict[str, Step]:
    """Compare two schemas; return the steps by the names of the rules, without rules about added names."""
    pair = Comparison(before, now, (), direction, documents or Documents())
    return {change.rule: change.step for change in compare(pair, SCHEMA)}


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.rule}, {case.before} to {case.now}")
def test_difference_needs_a_step_in_each_direction(case: Case) -> None:
    for direction, step in (
        (Direction.REQUEST, case.request),
        (Direction.RESPONSE, case.response),
        (Direction.BOTH, case.event),
    ):
        found = changes(case.before, case.now, direction)
        assert found.pop(case.rule) is step, direction
        assert set(found) <= {"property-added"}, direction  # comes with a required property


def test_every_keyword_of_the_dialect_has_a_rule() -> None:
    dialect = {*MESSAGES, *schema_dialect._STRUCTURE, *schema_dialect._ANNOTATIONS}
    assert dialect - SCHEMA.keys() == set()


def test_every_rule_has_a_test() -> None:
    assert {case.keyword for case in CASES} >= SCHEMA.keys()


def test_unknown_keyword_must_not_change() -> None:
    assert changes({"if": {}}, {"if": {"type": "string"}}, Direction.RESPONSE) == {"if-changed": MAJOR}


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.rule}, {case.before}")
def test_difference_is_found_at_any_depth(case: Case) -> None:
    def nested(schema: dict[str, Any]) -> dict[str, Any]:
        return {"properties": {"list": {"items": {"allOf": [{"properties": {"a/b": schema}}]}}}}

    pair = Comparison(nested(case.before), nested(case.now), (), Direction.BOTH)
    places = {change.rule: change.pointer for change in compare(pair, SCHEMA)}
    assert places[case.rule][:6] == ("properties", "list", "items", "allOf", "0", "properties")
    assert places[case.rule][6] == "a/b"


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.rule}, {case.before}")
def test_a_schema_does_not_differ_from_itself(case: Case) -> None:
    assert changes(case.before, case.before, Direction.BOTH) == {}


def test_order_does_not_matter() -> None:
    before = {"enum": ["a", "b"], "required": ["a", "b"]}
    assert changes(before, {"required": ["b", "a"], "enum": ["b", "a"]}, Direction.BOTH) == {}


def test_equal_numbers_in_a_list_are_the_same_value() -> None:
    assert changes({"enum": [1, 2.0]}, {"enum": [2, 1.0]}, Direction.BOTH) == {}
    assert changes({"enum": [1]}, {"enum": [True]}, Direction.BOTH) == {
        "enum-value-added": MAJOR,
        "enum-value-removed": MAJOR,
    }


NUMBER = {"type": "number"}
SAME = [
    ({"allOf": [STRING]}, {"allOf": [STRING, STRING]}),
    ({"allOf": [STRING]}, STRING),
    ({"oneOf": [STRING]}, {"allOf": [STRING]}),
    ({"oneOf": [STRING]}, {"anyOf": [STRING]}),
    ({"anyOf": [STRING, NUMBER]}, {"oneOf": [STRING, NUMBER]}),
    ({**STRING, "not": NUMBER}, STRING),
    ({**STRING, "pattern": ".*"}, STRING),
    ({"enum": [True, False]}, {"type": "boolean"}),
    ({**OPEN, "required": ["a"]}, {**OPEN, "allOf": [{"required": ["a"]}]}),
    ({"type": "array"}, {"type": "array", "items": {}}),
    ({"type": "integer"}, {"type": "number", "multipleOf": 1}),
    ({"type": "integer", "minimum": 0.5, "maximum": 2.5}, {"type": "integer", "minimum": 1, "maximum": 2}),
]
"""Schemas in other words: the same values, with other keywords."""

WIDER = [
    (STRING, {"anyOf": [NUMBER, STRING]}),
    ({**STRING, "maxLength": 3}, {"oneOf": [NUMBER, STRING]}),
    ({"type": "null"}, {"oneOf": [NUMBER, {"type": "null"}]}),
    ({"anyOf": [STRING]}, {"oneOf": [NUMBER, STRING]}),
    ({"oneOf": [STRING]}, {"anyOf": [NUMBER, STRING]}),
    ({"allOf": [NUMBER]}, {"oneOf": [NUMBER, STRING]}),
    ({"allOf": [NUMBER, STRING]}, {"oneOf": [STRING]}),  # the old schema allows nothing
]
"""A schema, and one that allows more values with other keywords."""


@pytest.mark.parametrize(("before", "now"), [*SAME, *(pair[::-1] for pair in SAME)])
def test_schema_may_say_the_same_with_other_keywords(before: dict[str, Any], now: dict[str, Any]) -> None:
    assert MAJOR not in changes(before, now, Direction.REQUEST).values()
    assert MAJOR not in changes(before, now, Direction.RESPONSE).values()
    assert set(changes(before, now, Direction.BOTH).values()) == {PATCH}


@pytest.mark.parametrize(("narrow", "wide"), WIDER)
def test_other_keywords_may_allow_more_in_requests_and_less_in_responses(narrow: Any, wide: Any) -> None:
    assert max(changes(narrow, wide, Direction.REQUEST).values()) is MINOR
    assert max(changes(wide, narrow, Direction.RESPONSE).values()) is MINOR
    for direction, before, now in (
        (Direction.REQUEST, wide, narrow),
        (Direction.RESPONSE, narrow, wide),
        (Direction.BOTH, narrow, wide),
        (Direction.BOTH, wide, narrow),
    ):
        assert MAJOR in changes(before, now, direction).values()


def test_component_that_is_refused_counts_where_it_is_refused() -> None:
    before, now = ({"components": {"schemas": {"Low": {**TO_3, "maximum": most}}}} for most in (3, 7))
    schema = {"not": {"$ref": "#/components/schemas/Low"}}
    assert changes(schema, schema, Direction.REQUEST, Documents(before, now)) == {"not-tightened": MAJOR}
    assert changes(schema, schema, Direction.REQUEST, Documents(now, before)) == {"not-loosened": MINOR}
    assert changes({"not": STRING}, {"not": {**STRING, "title": "T"}}, Direction.BOTH) == {"not-reworded": PATCH}


def test_keywords_in_components_count_and_components_that_lead_back_are_not_followed() -> None:
    components = {"Text": STRING, "Tree": {"anyOf": [STRING, {"items": {"$ref": "#/components/schemas/Tree"}}]}}
    documents = Documents({"components": {"schemas": components}}, {"components": {"schemas": components}})
    text, tree = ({"$ref": f"#/components/schemas/{name}"} for name in components)
    assert changes(STRING, {"anyOf": [NUMBER, text]}, Direction.REQUEST, documents)["any-of-loosened"] is MINOR
    assert changes(STRING, {"anyOf": [NUMBER, tree]}, Direction.REQUEST, documents)["any-of-tightened"] is MAJOR


def test_what_only_describes_may_change_where_alternatives_overlap() -> None:
    before = {"oneOf": [OPEN, {**OPEN, "maxProperties": 3}]}
    now = {"oneOf": [{**OPEN, "deprecated": True}, {**OPEN, "maxProperties": 3}]}
    assert changes(before, now, Direction.BOTH) == {"deprecated-extended": MINOR}


A: dict[str, Any] = {"type": "string", "minLength": 1}
B, NEW = {"type": "integer", "minimum": 1}, {"type": "boolean"}


@pytest.mark.parametrize("keyword", ["allOf", "anyOf", "oneOf"])
@pytest.mark.parametrize("direction", Direction)
def test_order_of_schemas_in_a_list_does_not_matter(keyword: str, direction: Direction) -> None:
    assert changes({keyword: [A, B, NEW]}, {keyword: [NEW, B, A]}, direction) == {}
    reordered = changes({keyword: [A, B]}, {keyword: [B, {**A, "title": "A"}]}, direction)
    assert reordered == {"title-reworded": PATCH}


@pytest.mark.parametrize("position", [0, 1, 2])
def test_alternative_may_be_added_at_any_place_of_a_list(position: int) -> None:
    now: list[dict[str, Any]] = [B, {**A, "minLength": 0}]
    now.insert(position, NEW)
    found = changes({"oneOf": [A, B]}, {"oneOf": now}, Direction.REQUEST)
    assert found == {"min-length-loosened": MINOR, "alternative-added": MINOR}
    marked = {"x-extensible": True}
    announced = changes({**marked, "oneOf": [A, B]}, {**marked, "oneOf": [NEW, A, B]}, Direction.BOTH)
    assert announced == {"alternative-added": MINOR}


def test_alternative_must_not_begin_to_overlap_another_one() -> None:
    before, now = ({"oneOf": [FROM_5, {"type": "integer", "maximum": most}]} for most in (3, 7))
    assert changes(before, now, Direction.REQUEST) == {"maximum-changed": MAJOR}
    assert changes(now, before, Direction.RESPONSE) == {"maximum-changed": MAJOR}
    assert changes(now, before, Direction.REQUEST) == {"maximum-tightened": MAJOR}


def test_alternative_that_is_given_twice_counts_twice() -> None:
    found = changes({"oneOf": [A, A]}, {"oneOf": [A]}, Direction.RESPONSE)
    assert found == {"alternative-removed": MAJOR}


def test_alternative_is_not_mistaken_for_a_component_with_a_number_as_its_name() -> None:
    document = {"components": {"schemas": {"0": A}}}
    reference = {"$ref": "#/components/schemas/0"}
    pair = Documents(document, document)
    assert changes({"oneOf": [B, reference]}, {"oneOf": [reference, B]}, Direction.REQUEST, pair) == {}


@pytest.mark.parametrize("direction", Direction)
def test_component_that_was_compared_already_must_not_change_within_a_list_whose_schemas_overlap(
    direction: Direction,
) -> None:
    before, now = ({"components": {"schemas": {"Low": {**TO_3, "maximum": most}}}} for most in (3, 7))
    low = {"$ref": "#/components/schemas/Low"}
    schema = {"properties": {"low": low, "either": {"oneOf": [FROM_5, low]}}}
    found = changes(schema, schema, direction, Documents(before, now))
    assert found.get("maximum-loosened") is (MINOR if direction is Direction.REQUEST else MAJOR)
    assert ("maximum-changed" in found) is (direction is not Direction.RESPONSE)


@pytest.mark.parametrize("direction", Direction)
def test_list_that_is_declared_extensible_may_grow_and_not_shrink(direction: Direction) -> None:
    less, more = ({"x-extensible": True, "enum": values} for values in (["a"], ["a", "b"]))
    assert changes(less, more, direction) == {"enum-value-added": MINOR}
    assert changes(more, less, direction) == {"enum-value-removed": MAJOR}


def test_list_may_not_grow_in_the_version_that_first_declares_it_extensible() -> None:
    found = changes({"enum": ["a"]}, {"x-extensible": True, "enum": ["a", "b"]}, Direction.RESPONSE)
    assert found == {"enum-value-added": MAJOR, "x-extensible-loosened": MAJOR}


def test_event_types_may_be_added_to_a_list_of_a_response() -> None:
    documents = Documents(open_names=frozenset({"order.shipped", "order.returned"}))
    before, now = {"enum": ["order.shipped"]}, {"enum": ["order.shipped", "order.returned"]}
    assert changes(before, now, Direction.RESPONSE, documents) == {"enum-value-added": MINOR}
    assert changes(before, {"enum": ["order.shipped", "lost"]}, Direction.RESPONSE, documents) == {
        "enum-value-added": MAJOR
    }


def test_frames_of_event_types_may_be_added_to_a_response() -> None:
    names = {"order.shipped": "#/components/schemas/Shipped", "order.returned": "#/components/schemas/Returned"}
    shipped, returned = ({"$ref": reference} for reference in names.values())
    document: dict[str, Any] = {"components": {"schemas": {"Shipped": {}, "Returned": {}}}}

    def union(*alternatives: dict[str, str]) -> dict[str, Any]:
        mapping = {name: names[name] for name in names if {"$ref": names[name]} in alternatives}
        return {"oneOf": list(alternatives), "discriminator": {"propertyName": "event", "mapping": mapping}}

    known = Documents(document, document, frozenset(names))
    added = changes(union(shipped), union(shipped, returned), Direction.RESPONSE, known)
    assert added == {"alternative-added": MINOR, "mapping-extended": MINOR}
    unknown = Documents(document, document, frozenset({"order.shipped"}))
    added = changes(union(shipped), union(shipped, returned), Direction.RESPONSE, unknown)
    assert added["alternative-added"] is MAJOR
