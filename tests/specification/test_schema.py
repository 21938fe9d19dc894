from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from app.specification.errors import InvalidContract
from app.specification.schema.messages import UNKNOWN_NAMED
from app.specification.schema.schema import compile_schema
from app.specification.strict_json import JsonValue

DATE_TIME: dict[str, Any] = {"type": "string", "format": "date-time"}
ORDER_ID: dict[str, Any] = {"type": "string", "pattern": "^[0-9A-Za-z_.:-]{1,128}$"}


def violations(schema: dict[str, Any], value: JsonValue) -> list[tuple[str, str]]:
    found, total = compile_schema(schema, "The schema").violations(value, 100)
    assert total == len(found)
    return [(violation.pointer, violation.message) for violation in found]


def accepts(schema: dict[str, Any], value: JsonValue) -> bool:
    return not violations(schema, value)


@pytest.mark.parametrize(
    ("schema", "value", "message"),
    [
        ({"type": "string"}, 1, "must be a string"),
        ({"type": "object"}, [], "must be an object"),
        ({"type": "array"}, {}, "must be an array"),
        ({"type": "integer"}, 1.5, "must be an integer"),
        ({"type": "integer"}, True, "must be an integer"),
        ({"type": "number"}, "1", "must be a number"),
        ({"type": "boolean"}, 0, "must be a boolean"),
        ({"type": "null"}, 0, "must be null"),
        ({"enum": ["a"]}, "b", "must be 'a', not 'b'"),
        ({"enum": ["a", 2]}, "b\r", "must be one of 'a', 2, not 'b\\r'"),
        ({"enum": ["a", None]}, True, "must be one of 'a', None, not a boolean"),
        ({"enum": ["a"]}, None, "must be 'a', not null"),
        ({"enum": ["a"]}, 1.5, "must be 'a', not a number"),
        ({"enum": ["a"]}, {"b": 1}, "must be 'a', not an object"),
        ({"enum": ["a"]}, ["a"], "must be 'a', not an array"),
        ({"enum": [1]}, "4111 1111", "must be 1, not a string"),
        ({"enum": [1]}, 2, "must be 1, not 2"),
        ({"enum": ["a"]}, "b" * 10_000, f"must be 'a', not '{'b' * 39}…'"),
        ({"enum": [1]}, 10**400, f"must be 1, not 1{'0' * 38}…"),
        ({"enum": ["a" * 300]}, "b", f"must be '{'a' * 181}…, not 'b'"),
        ({"required": ["when"]}, {}, "must have the property 'when'"),
        ({"additionalProperties": False}, {"x": 1}, "must not have the property 'x'"),
        ({"pattern": "^a$"}, "b", "must match the pattern ^a$"),
        (
            {"format": "date-time"},
            "b",
            "must be a date and time of RFC 3339 with its offset, such as 2024-05-01T10:00:00Z",
        ),
        ({"format": "date"}, "2024-02-30", "must be a date of RFC 3339, such as 2024-05-01"),
        ({"minLength": 1}, "", "must have at least 1 character"),
        ({"maxLength": 2}, "abc", "must have at most 2 characters"),
        ({"minItems": 2}, [1], "must have at least 2 items"),
        ({"maxItems": 1}, [1, 2], "must have at most 1 item"),
        ({"minProperties": 1}, {}, "must have at least 1 property"),
        ({"maxProperties": 0}, {"a": 1}, "must have at most 0 properties"),
        ({"minimum": 1}, 0, "must be at least 1"),
        ({"maximum": 30}, 30.5, "must be at most 30"),
        ({"multipleOf": 2}, 3, "must be a multiple of 2"),
        ({"uniqueItems": True}, [1, 1], "must not hold the same item twice"),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, 1, "must match at least one of the 2 alternatives"),
        ({"oneOf": [{"minimum": 1}, {"maximum": 1}]}, 1, "must match exactly one of the 2 alternatives"),
        ({"not": {"type": "string"}}, "a", "must not match what the schema excludes"),
    ],
)
def test_each_violated_keyword_has_its_message(schema: dict[str, Any], value: JsonValue, message: str) -> None:
    assert violations(schema, value) == [("", message)]


def test_all_violations_are_found_and_ordered_by_pointer() -> None:
    item = {"type": "object", "required": ["id", "n"], "properties": {"id": {"type": "string"}, "n": {"minimum": 1}}}
    schema = {
        "type": "object",
        "required": ["b"],
        "properties": {"a": {"type": "array", "items": item}},
        "additionalProperties": False,
    }
    good: JsonValue = {"id": "x", "n": 1}
    value: JsonValue = {"a": [{"id": 1, "n": 0}, *[good] * 9, {}], "c": 1}
    assert violations(schema, value) == [
        ("", "must not have the property 'c'"),
        ("", "must have the property 'b'"),
        ("/a/0/id", "must be a string"),
        ("/a/0/n", "must be at least 1"),
        ("/a/10", "must have the property 'id'"),
        ("/a/10", "must have the property 'n'"),
    ]


def test_indexes_in_pointers_are_ordered_as_numbers() -> None:
    found = violations({"items": {"type": "string"}}, list(range(12)))
    assert [pointer for pointer, _ in found] == [f"/{index}" for index in range(12)]


def test_violations_beyond_the_limit_are_counted_but_not_listed() -> None:
    schema = compile_schema({"items": {"type": "string"}}, "The schema")
    found, total = schema.violations(list(range(1000)), 10)
    assert ([violation.pointer for violation in found], total) == ([f"/{index}" for index in range(10)], 1000)


def test_a_hundred_thousand_unknown_properties_are_counted_and_ten_listed() -> None:
    schema = compile_schema({"additionalProperties": False}, "The schema")
    found, total = schema.violations({f"p{index}": None for index in range(100_000)}, 10)
    assert (len(found), total) == (10, 100_000)


def test_pointers_escape_tilde_and_slash() -> None:
    schema = {"additionalProperties": {"type": "string"}}
    assert [pointer for pointer, _ in violations(schema, {"a/b~c": 1, "": 2})] == ["/", "/a~1b~0c"]


def test_pointer_that_would_be_too_long_names_an_enclosing_value() -> None:
    schema = {"additionalProperties": {"additionalProperties": {"type": "string"}}}
    assert [pointer for pointer, _ in violations(schema, {"a": {"b" * 10_000: 1}})] == ["/a"]


@pytest.mark.parametrize(
    "schema",
    [
        {"enum": ["x" * 90, "y" * 90, "z" * 90]},
        {"pattern": "^" + "ab" * 200 + "$"},
        {"required": ["n" * 1000]},
        {"additionalProperties": False},
    ],
)
def test_no_message_is_longer_than_200_characters(schema: dict[str, Any]) -> None:
    value: JsonValue = {"\x00\U0001f4e6" * 1000: 1} if "enum" not in schema and "pattern" not in schema else "secret"
    for _, message in violations(schema, value):
        assert len(message) <= 200
        assert message.endswith(("…", "'"))


def test_messages_repeat_no_value_of_another_type_and_only_shortened_names() -> None:
    card = "4111-1111-1111-1111"
    schema = {
        "type": "object",
        "properties": {
            "a": {"type": "integer", "enum": [1]},
            "b": {"pattern": "^x$", "maxLength": 3, "format": "date-time"},
        },
        "additionalProperties": False,
    }
    found = violations(schema, {"a": card, "b": card, "n" * 50 + card: card})
    assert len(found) == 6
    assert not any(card in message for _, message in found)
    assert ("", "must not have the property '" + "n" * 39 + "…'") in found


def test_every_unknown_property_is_counted_and_only_the_first_are_named() -> None:
    schema = compile_schema({"additionalProperties": False}, "the schema")
    listed, total = schema.violations({f"p{number}": 1 for number in range(UNKNOWN_NAMED + 50)}, UNKNOWN_NAMED + 1)
    assert total == UNKNOWN_NAMED + 50
    assert [message for _, message in listed] == [
        *(f"must not have the property 'p{number}'" for number in range(UNKNOWN_NAMED)),
        "must not have so many unknown properties",
    ]


def test_names_in_messages_have_their_control_characters_escaped() -> None:
    assert violations({"additionalProperties": False}, {"a\r\nb\x00": 1}) == [
        ("", r"must not have the property 'a\r\nb\x00'")
    ]


@pytest.mark.parametrize("value", ["", "a\n", "\na", "a b", "a\r", "a\x00", "ä", "\uff11\uff12", "x" * 129, "a\nb"])
def test_an_order_id_pattern_refuses(value: str) -> None:
    assert not accepts(ORDER_ID, value)


@pytest.mark.parametrize("value", ["a", "or_12345", "x" * 128, "A.b:c-9"])
def test_an_order_id_pattern_accepts(value: str) -> None:
    assert accepts(ORDER_ID, value)


SPACES = "\t\n\v\f\r \u00a0\u1680\u2000\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
NO_SPACES = "a\0\x1c\x1f\x85\u180e\u200b\u2060\U0001f4e6\U0010ffff"


@pytest.mark.parametrize(
    ("pattern", "value", "matches"),
    [
        ("b", "abc", True),  # unanchored, as ECMA-262 searches
        ("^a$", "a\n", False),
        (r"^a\$$", "a$", True),
        (r"^a\$$", "a", False),
        ("^[$]$", "$", True),
        ("^[^$]$", "$", False),
        (r"^[\]$]$", "$", True),
        ("^(a|b$)$", "b\n", False),
        (r"^\d$", "\uff11", False),
        (r"^\w$", "ä", False),
        ("^a.c$", "a\nc", False),
        ("^a.c$", "a\rc", False),
        ("^a.c$", "a\u2028c", False),
        ("^a.c$", "a\u00e4c", True),
        (r"^a\.c$", "abc", False),
        ("^[.]$", "a", False),
        *((r"^\s$", space, True) for space in SPACES),
        *((r"^[^\S]$", space, True) for space in SPACES),
        *((pattern, space, False) for space in SPACES for pattern in (r"^\S$", r"^[^\s]$", r"^[\Sa]$")),
        *((r"^\S$", other, True) for other in NO_SPACES),
        *((r"^[\S]$", other, True) for other in NO_SPACES),
        *((pattern, other, False) for other in NO_SPACES for pattern in (r"^\s$", r"^[\s]$", r"^[^\S]$")),
        (r"\bb", "äb", True),  # only ASCII letters are parts of words
        (r"\Bb", "äb", False),
        (r"\B", "", True),
        (r"^\W$", "ä", True),
        (r"^[\b]$", "\b", True),
        (r"^\u{1F4E6}$", "\U0001f4e6", True),
        (r"^[\uD83D\uDCE6]$", "\U0001f4e6", True),
        (r"^\u00e4\x62\cJ\0\v\/$", "äb\n\0\v/", True),
        (r"^\u002E$", "a", False),
        (r"^[\x5d]$", "]", True),
        ("^.$", "\U0001f4e6", True),
        ("^.$", "\x85", True),  # a line for Python's splitlines, not for ECMA-262
        ("^[]$", "", False),
        ("^a[^]c$", "a\nc", True),
        ("^(?<year>[0-9]{4})$", "2024", True),
        ("(?<=a)b", "ab", True),
        ("^[a&&b]$", "&", True),
        ("^[[a]$", "[", True),
        ("^[!--]$", ",", True),  # a range up to the dash
        ("^[!--]$", ".", False),
        (r"^[a-c-\d]$", "5", True),  # a range, a dash and the digits
        (r"^[a-c-\d]$", "-", True),
        ("^a{2}?$", "aa", True),
    ],
)
def test_patterns_mean_what_ecma_262_says(pattern: str, value: str, matches: bool) -> None:
    assert accepts({"pattern": pattern}, value) is matches


@pytest.mark.parametrize(
    "pattern",
    [
        *(
            "(?i)a",
            "(?u)a",
            "(?P<n>a)",
            "(?#a)",
            "(?>a)",
            "(?(1)a|b)",
            "(?i:a)",
            "a++",
            "a{2}+",
            "a**",
            "^*",
            r"\b+",
            "(?<1>a)",
        ),
        *(r"\A", r"a\Z", r"\a", r"\_", r"\-", r"\e", r"\07", r"\N{DIGIT ONE}", r"\u12", r"\x4", r"\U0001f4e6", "a\\"),
        *("{", "a{2", "a{,2}", "}", "]", "[]a]", "[a", "(", ")", "*a", "[b-a]", r"[\d-z]", r"[a-\s]", r"[\B]", r"[\_]"),
        *(
            r"(a)\1",
            r"(?<n>a)\k<n>",
            r"\p{L}",
            r"\P{L}",
            r"\u{110000}",
            "(?<=a*)b",
        ),  # ECMA-262, but not expressible in Python
    ],
)
def test_pattern_that_would_mean_something_else_elsewhere_is_refused(pattern: str) -> None:
    with pytest.raises(InvalidContract, match="wrong at /pattern: the pattern does not compile"):
        compile_schema({"pattern": pattern}, "order.json")


@pytest.mark.parametrize(
    ("factor", "value", "accepted"),
    [
        *((0.1, tenths / 10, True) for tenths in range(-3, 11)),
        *((0.3, value, value in {0.3, 0.9, 3, 6.0}) for value in (0.1, 0.3, 0.9, 1, 3, 6.0, 6.1)),
        *((0.01, 0.07, True), (0.01, 0.075, False), (1e-8, 12391239123, True), (0.0001, 0.00751, False)),
        *(
            (0.123456789, 1e308, False),
            (0.5, 1e308, True),
            (2, 4.0, True),
            (2, 2.5, False),
            (0.5, "a", True),
            (0.5, True, True),
        ),
    ],
)
def test_multiples_are_those_of_the_decimal_digits(factor: float, value: JsonValue, accepted: bool) -> None:
    assert accepts({"multipleOf": factor}, value) is accepted


def test_pattern_accepts_every_value_that_is_not_a_string() -> None:
    assert accepts({"pattern": "^a$", "format": "date-time", "minLength": 9}, 17)


@pytest.mark.parametrize(
    "value",
    [
        "2024-05-01T10:00:00Z",
        "2016-10-04T10:18:57-03:00",
        "2024-05-01T10:00:00+05:45",
        "2024-05-01T10:00:00.1Z",
        "2024-05-01T10:00:00.123456789Z",
        "2024-02-29T23:59:59Z",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59+23:59",
        "2024-05-01T10:00:00-00:00",
    ],
)
def test_a_date_time_of_rfc_3339_is_accepted(value: str) -> None:
    assert accepts(DATE_TIME, value)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "2024-05-01",
        "2024-05-01T10:00:00",
        "2024-05-01T10:00Z",
        "2024-05-01 10:00:00Z",
        "2024-05-01T10:00:00Z\n",
        "2024-05-01T10:00:00Z ",
        "\n2024-05-01T10:00:00Z",
        "2024-05-01t10:00:00Z",
        "2024-05-01T10:00:00z",
        "2023-02-29T10:00:00Z",
        "2024-02-30T10:00:00Z",
        "2024-04-31T10:00:00Z",
        "2024-13-01T10:00:00Z",
        "2024-00-01T10:00:00Z",
        "2024-05-00T10:00:00Z",
        "0000-05-01T10:00:00Z",
        "2024-05-01T24:00:00Z",
        "2024-05-01T10:60:00Z",
        "2016-12-31T23:59:60Z",
        "2024-05-01T10:00:00.Z",
        "2024-05-01T10:00:00,5Z",
        "2024-05-01T10:00:00+24:00",
        "2024-05-01T10:00:00+0530",
        "2024-05-01T10:00:00+05",
        "2024-05-01T10:00:00ZZ",
        "+2024-05-01T10:00:00Z",
        "\uff12\uff10\uff12\uff14-05-01T10:00:00Z",
        "2024-W18-3T10:00:00Z",
        "2024-122T10:00:00Z",
    ],
)
def test_text_that_is_not_an_accepted_date_time_is_refused(value: str) -> None:
    assert not accepts(DATE_TIME, value)


def test_date_time_that_no_library_can_check_is_refused_at_startup() -> None:
    start = """
import sys
sys.modules["rfc3339_validator"] = None  # as if it were not installed
from app.specification.errors import InvalidContract
from app.specification.schema.schema import compile_schema
try:
    compile_schema({"properties": {"when": {"format": "date-time"}}}, "order.json")
except InvalidContract as refused:
    print(refused.detail)
"""
    done = subprocess.run([sys.executable, "-c", start], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == (
        "order.json: the schema is wrong at /properties/when/format: nothing here can check the format 'date-time'.\n"
    )


def test_numbers_with_a_zero_fraction_are_integers_and_booleans_are_not() -> None:
    assert accepts({"type": "integer"}, 2.0)
    assert not accepts({"enum": [1]}, True)
    assert accepts({"enum": [1]}, 1.0)


@pytest.mark.parametrize(
    ("schema", "line"),
    [
        ({"type": "strin"}, "wrong at /type: 'strin' is not valid under any of the given schemas"),
        ({"required": "when"}, "wrong at /required: 'when' is not of type 'array'"),
        (
            {"properties": {"a~b": {"minLength": -1}}},
            "wrong at /properties/a~0b/minLength: -1 is less than the minimum of 0",
        ),
        (
            {"type": ["string", "null"]},
            "wrong at /type: a list of types is outside the dialect shared with OpenAPI 3.0",
        ),
        ({"items": {"const": 1}}, "wrong at /items/const: the keyword 'const' is outside the dialect"),
        ({"patern": "^a$"}, "wrong at /patern: the keyword 'patern' is outside the dialect"),
        ({"nullable": True}, "wrong at /nullable: the keyword 'nullable'"),
        ({"if": {}}, "wrong at /if: the keyword 'if'"),
        ({"$ref": "#/properties/a"}, "wrong at /$ref: the keyword '$ref'"),
        ({"allOf": [{}, {"$ref": "https://example.com/a.json"}]}, "wrong at /allOf/1/$ref: the keyword '$ref'"),
        ({"oneOf": [{"not": {"if": {}}}]}, "wrong at /oneOf/0/not/if: the keyword 'if'"),
        ({"additionalProperties": {"$defs": {}}}, "wrong at /additionalProperties/$defs: the keyword '$defs'"),
        ({"properties": {"a": True}}, "wrong at /properties/a: a schema must be an object"),
        ({"pattern": "("}, "wrong at /pattern: the pattern does not compile: missing )"),
        ({"pattern": r"\p{L}"}, "wrong at /pattern:"),
        (
            {"pattern": "(?u)a"},
            "wrong at /pattern: the pattern does not compile: this is not a regular expression of ECMA",
        ),
        ({"format": "datetime"}, "wrong at /format: nothing here can check the format 'datetime'"),
        ({"exclusiveMinimum": 1}, "wrong at /exclusiveMinimum: the keyword 'exclusiveMinimum'"),
        (
            {"$schema": "http://json-schema.org/draft-07/schema#"},
            "must be https://json-schema.org/draft/2020-12/schema",
        ),
    ],
)
def test_a_schema_outside_the_dialect_is_refused_in_one_line_that_names_the_place(
    schema: dict[str, Any], line: str
) -> None:
    with pytest.raises(InvalidContract) as refused:
        compile_schema(schema, "order.json")
    assert refused.value.detail.startswith("order.json: ")
    assert line in refused.value.detail
    assert "\n" not in refused.value.detail
    assert len(refused.value.detail) < 400


@pytest.mark.parametrize("hint", ["int32", "int64", "float", "double"])
def test_openapi_formats_for_code_generators_are_accepted_and_not_checked(hint: str) -> None:
    assert accepts({"format": hint}, "any")


def test_annotations_of_openapi_are_accepted() -> None:
    accepts({"title": "t", "description": "d", "example": 1, "default": 1, "deprecated": True, "x-note": [1]}, 1)


def test_an_identifier_is_never_fetched() -> None:
    assert accepts({"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "https://example.invalid/a"}, 1)


def test_compiling_does_not_change_the_schema() -> None:
    schema = {"type": "object", "properties": {"a": {"pattern": "^a$"}}, "additionalProperties": False}
    before = json.dumps(schema)
    violations(schema, {"a": "b", "c": 1})
    assert json.dumps(schema) == before
