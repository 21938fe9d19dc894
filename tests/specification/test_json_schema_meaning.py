"""The keywords of the dialect mean what JSON Schema 2020-12 says, in the cases in which validators are known to differ.

The kinds of cases are those of the public JSON Schema Test Suite (https://github.com/json-schema-org/JSON-Schema-Test-Suite), in
schemas and values of our own.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import pytest

from app.specification.schema.dialect import parts
from app.specification.schema.messages import MESSAGES
from app.specification.schema.schema import compile_schema
from app.specification.strict_json import JsonValue

EVERYTHING: Final[list[Any]] = [None, True, False, 0, 1.5, "", "a", [], [1], {}, {"a": 1}]


class Meaning(NamedTuple):
    """A schema, values that are valid by it, and values that are not."""

    schema: dict[str, Any]
    valid: list[Any]
    invalid: list[Any]


def only(kind: type | tuple[type, ...]) -> tuple[list[Any], list[Any]]:
    """Split EVERYTHING into the values of a kind and all others; a boolean is not a number."""
    wanted = [each for each in EVERYTHING if isinstance(each, kind) and (kind is bool or not isinstance(each, bool))]
    return wanted, [each for each in EVERYTHING if not any(each is one for one in wanted)]


PERSON: Final = {"type": "object", "properties": {"name": {"type": "string"}, "age": {"type": "integer"}}}

MEANINGS: Final = [
    # type: an integer may be written with a fraction of zero, and true is not 1
    Meaning({}, EVERYTHING, []),
    Meaning({"type": "integer"}, [0, -7, 2.0, 1e3, 2**53 - 1], [1.5, "1", True, None, [1], {}]),
    Meaning({"type": "number"}, [0, 1.5, -1e300], ["1.5", False, None, [], {}]),
    *(
        Meaning({"type": name}, *only(kind))
        for name, kind in (("string", str), ("boolean", bool), ("array", list), ("object", dict), ("null", type(None)))
    ),
    # enum: values are equal as JSON
    Meaning({"enum": [1, "a"]}, [1, 1.0, "a"], ["1", True, [1], None, "A"]),
    Meaning({"enum": [True]}, [True], [1, 1.0, "true", [True]]),
    Meaning({"enum": [False]}, [False], [0, 0.0, None, "", []]),
    Meaning({"enum": [0]}, [0, 0.0, -0.0], [False, [0], None]),
    Meaning({"enum": [[False]]}, [[False]], [[0], [0.0], False]),
    Meaning(
        {"enum": [{"a": 1, "b": [2]}]}, [{"b": [2], "a": 1}, {"a": 1.0, "b": [2]}], [{"a": 1}, {"a": True, "b": [2]}]
    ),
    Meaning({"enum": ["a\0b"]}, ["a\0b"], ["ab", "a"]),
    Meaning({"enum": ["\u00e4"]}, ["\u00e4"], ["a\u0308"]),  # Unicode is not normalised
    # numbers
    Meaning({"minimum": 1.1}, [1.1, 2, "a", None, True], [1, 0.6, -3]),
    Meaning({"minimum": -2}, [-2, -2.0, 0], [-2.0001, -3]),
    Meaning({"maximum": 3}, [3, 3.0, -5, "x", {}], [3.5, 4]),
    Meaning({"multipleOf": 2}, [10, 0, -4, 8.0, "7"], [7, 7.5]),
    Meaning({"multipleOf": 1.5}, [0, 4.5, -3], [35, 1]),
    Meaning({"multipleOf": 0.0001}, [0.0075, 12.3456], [0.00751]),
    Meaning({"type": "integer", "multipleOf": 0.5}, [3, 1e300], [1.5]),
    # large numbers are exact
    Meaning({"maximum": 2**53}, [2**53, -(2**70)], [2**53 + 1, 1e300]),
    Meaning({"minimum": -(2**63)}, [-(2**63), 0], [-(2**63) - 1, -1e300]),
    Meaning({"multipleOf": 3}, [3 * 2**70, 0], [3 * 2**70 + 1]),
    Meaning({"multipleOf": 0.01}, [4.35, 1.1, 19.99, 0], [4.355]),
    Meaning({"enum": [2**53]}, [2**53, float(2**53)], [2**53 + 1]),
    Meaning({"type": "integer"}, [2**70, -(2**70), 1e20], [1e-5]),
    # strings are counted by code points
    Meaning({"minLength": 2}, ["ab", "abc", "\U0001f4e6\U0001f4e6", 1, []], ["a", "\U0001f4e6", ""]),
    Meaning({"maxLength": 2}, ["", "ab", "\U0001f4e6\U0001f4e6", 100], ["abc", "a\u0308b"]),
    Meaning({"maxLength": 1}, ["\U0001f469", "\u0301"], ["\U0001f469\u200d", "e\u0301"]),  # not by what is seen
    Meaning({"maxLength": 0}, ["", 1], ["\0", " "]),
    Meaning({"maxLength": 2.0, "minLength": 1.0}, ["a", "ab"], ["", "abc"]),
    Meaning({"pattern": "a+"}, ["xxaayy", True, 0, None, [], {}], ["", "b", "A"]),
    Meaning({"pattern": r"^\S(|(.|\n)*\S)$"}, ["a b", "a\nb", "x"], [" a", "a ", "\ufeffa", "a\u2029", "a\u00a0"]),
    # patterns mean what ECMA-262 says with the flag u
    Meaning({"pattern": r"^\d+$"}, ["0", "42"], ["", "\u0967", "\uff11", "1\n"]),
    Meaning({"pattern": r"^\D$"}, ["a", "\u0967", "\n"], ["1"]),
    Meaning({"pattern": r"^\w$"}, ["a", "_", "7"], ["\u00e9", "-", "\u017f"]),
    Meaning({"pattern": r"^\W$"}, ["\u00e9", " ", "\U0001f4e6"], ["a", "_"]),
    Meaning(
        {"pattern": r"^\s$"}, ["\t", "\v", "\f", " ", "\u00a0", "\ufeff", "\u2003", "\u2029"], ["\u200b", "\x1c", "a"]
    ),
    Meaning({"pattern": "^.$"}, ["a", "\U0001f4e6", "\x85"], ["\n", "\r", "\u2028", "\u2029", "ab"]),
    Meaning({"pattern": "^[^x]$"}, ["a", "\n", "\U0001f4e6"], ["x", ""]),
    Meaning({"pattern": r"^\u{1F4E6}\cA$"}, ["\U0001f4e6\x01"], ["\U0001f4e6A"]),
    Meaning({"pattern": "^(?=.*[0-9])[a-z0-9]+$"}, ["a1", "1"], ["a", "A1"]),
    Meaning({"pattern": "^(?!or_)"}, ["x_1", "", "OR_"], ["or_1"]),
    Meaning({"pattern": "(?<=a)b|(?<!c)d"}, ["ab", "d", "xd"], ["b", "cd"]),
    Meaning({"pattern": "a$"}, ["a", "ba"], ["a\n", "ab"]),
    Meaning(
        {"format": "date"}, ["2024-02-29", "0001-01-01", 12, None], ["2023-02-29", "2024-2-9", "2024-01-01T", "\u0661"]
    ),
    Meaning(
        {"format": "date-time"},
        ["2024-05-01T10:00:00Z", "2024-05-01T10:00:00.123456789+14:00", "2024-05-01T23:59:59-00:00", 1, {}],
        [
            "2024-05-01T10:00:60Z",
            "2024-05-01t10:00:00z",
            "2024-05-01 10:00:00Z",
            "2024-05-01T10:00:00",
            "2024-05-01T24:00:00Z",
        ],
    ),
    Meaning({"format": "int32"}, [*EVERYTHING, 2**40], []),
    # arrays
    Meaning({"items": {"type": "integer"}}, [[], [1, 2.0], {"0": "a"}, "ab"], [[1, "x"], [None], [True]]),
    Meaning({"minItems": 1}, [[None], "", 0, {}], [[]]),
    Meaning({"maxItems": 2}, [[], [1, 2], "abc", {"a": 1, "b": 2, "c": 3}], [[1, 2, 3]]),
    Meaning(
        {"uniqueItems": True},
        [[], [1, 2], [1, True], [0, False], [[1], [True]], [{"a": 1}, {"a": 2}], ["1", 1], "aa"],
        [[1, 1], [1.0, 1], ["a", "b", "a"], [{"a": 1, "b": 2}, {"b": 2, "a": 1}], [[1], [1]], [{}, {}], [None, None]],
    ),
    Meaning({"uniqueItems": False}, [[1, 1], [{}, {}]], []),
    # objects
    Meaning(PERSON, [{}, {"name": "a"}, {"name": "a", "age": 1.0}, {"other": []}], [{"name": 1}, {"age": 1.5}, []]),
    Meaning({"properties": {"a": {"type": "string"}}}, [1, [], "a", None, {"A": 1}], [{"a": 1}]),
    Meaning(
        {"properties": {"a\nb": {"type": "null"}, "": {"type": "null"}}},
        [{"a\nb": None, "": None}],
        [{"a\nb": 1}, {"": 1}],
    ),
    Meaning(
        {"properties": {"__proto__": {"type": "number"}, "length": {}}}, [{}, {"__proto__": 1}], [{"__proto__": "a"}]
    ),
    Meaning({"required": ["a", "b"]}, [{"a": None, "b": 0}, [], "ab", 12], [{}, {"a": 1}, {"A": 1, "b": 1}]),
    Meaning({"required": []}, EVERYTHING, []),
    Meaning({"properties": {"a": {}}, "required": ["b"]}, [{"b": None}, {"b": 1, "c": 2}, 1], [{}, {"a": 1}]),
    Meaning(
        {"required": ["a\tb", 'a"b', "a/b", "\u00e4"]}, [{"a\tb": 1, 'a"b': 1, "a/b": 1, "\u00e4": 1}], [{"a/b": 1}]
    ),
    Meaning({"required": ["toString", "constructor"]}, [{"toString": 1, "constructor": 1}], [{}, {"toString": 1}]),
    Meaning({**PERSON, "additionalProperties": False}, [{}, {"age": 1}], [{"x": 1}, {"name": "a", "x": None}]),
    Meaning({"additionalProperties": {"type": "boolean"}}, [{}, {"x": True}, []], [{"x": 1}]),
    Meaning(
        {"properties": {"a": {}}, "additionalProperties": {"type": "boolean"}},
        [{"a": 1}, {"a": 1, "b": True}],
        [{"b": 1}],
    ),
    Meaning(
        {"allOf": [{"properties": {"a": {}}}], "additionalProperties": {"type": "boolean"}},  # allOf does not count
        [{"a": True}],
        [{"a": 1}],
    ),
    Meaning({"minProperties": 1}, [{"a": 1}, "", [], 3], [{}]),
    Meaning({"maxProperties": 1}, [{}, {"a": 1}, "abc", [1, 2]], [{"a": 1, "b": 1}]),
    # schemas within
    Meaning({"allOf": [{"minimum": 2}, {"maximum": 4}]}, [2, 3, "a"], [1, 5]),
    Meaning({"anyOf": [{"type": "integer"}, {"minimum": 2}]}, [1, 2.5, 3, "a"], [1.5]),
    Meaning({"oneOf": [{"type": "integer"}, {"minimum": 2}]}, [1, 2.5, "a"], [1.5, 3]),
    Meaning({"oneOf": [{}, {}]}, [], EVERYTHING),
    Meaning({"oneOf": [{"required": ["a"]}, {"required": ["b"]}]}, [{"a": 1}, {"b": 1}], [{}, {"a": 1, "b": 1}, 1]),
    Meaning({"type": "string", "oneOf": [{"minLength": 2}, {"maxLength": 4}]}, ["a", "abcde"], ["abc", 3]),
    Meaning({"anyOf": [{"allOf": [{"type": "null"}]}]}, [None], [1, ""]),
    Meaning({"not": {"type": "integer"}}, ["a", 1.5, True], [1, 1.0]),
    Meaning({"not": {}}, [], EVERYTHING),
    Meaning({"not": {"not": {"type": "null"}}}, [None], [0]),
    Meaning({"not": {"properties": {"a": {"type": "string"}}}}, [{"a": 1}], [{}, {"a": "x"}, 1]),
    # what only describes has no effect
    Meaning(
        {"title": "T", "description": "D", "default": "x", "example": 1, "deprecated": True, "x-note": {"type": 1}},
        EVERYTHING,
        [],
    ),
    Meaning({"type": "integer", "default": "not one"}, [1], ["not one"]),
]


@pytest.mark.parametrize("meaning", MEANINGS, ids=lambda meaning: str(meaning.schema))
def test_keyword_means_what_json_schema_says(meaning: Meaning) -> None:
    compiled = compile_schema(meaning.schema, "The schema of a case")

    def accepted(value: JsonValue) -> bool:
        verdict = compiled.accepts(value)
        assert (compiled.violations(value, 1)[1] == 0) is verdict
        return verdict

    assert [value for value in meaning.valid if not accepted(value)] == []
    assert [value for value in meaning.invalid if accepted(value)] == []


def test_every_keyword_that_a_value_can_violate_has_a_case() -> None:
    def keywords(schema: Any) -> set[str]:
        return set(schema).union(*(keywords(part) for _, part in parts(schema)))

    assert MESSAGES.keys() <= set().union(*(keywords(meaning.schema) for meaning in MEANINGS))
