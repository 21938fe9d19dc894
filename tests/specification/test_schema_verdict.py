"""jsonschema-rs decides and jsonschema explains: they agree about all examples and about random values and schemas."""

from __future__ import annotations

import calendar
import json
import random
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from jsonschema import FormatChecker, SchemaError

from app.specification.contracts import EventContract, load_contracts
from app.specification.document import load_document
from app.specification.errors import InvalidContract
from app.specification.openapi.bundle import inline
from app.specification.openapi.structure import operations
from app.specification.schema.dialect import FORMATS, DialectValidator
from app.specification.schema.schema import Schema, VerdictsDiffer, compile_schema
from app.specification.schema.verdict import ASK_JSONSCHEMA, compile_verdict, shared_schema
from app.specification.strict_json import JsonValue
from tests.support.random_values import NAMES, NUMBERS, STRINGS, any_text, any_value, mutated

ROOT = Path(__file__).parents[2]
CONTRACTS = load_contracts(ROOT / "contracts")
DOCUMENT = load_document(ROOT, CONTRACTS)
RELEASED = [
    CONTRACTS.get(name, version)
    for name in (*CONTRACTS.event_types, *CONTRACTS.control_types)
    for version in CONTRACTS.versions(name)
]
PARAMETERS = {
    parameter["name"]: parameter["schema"]
    for operation in operations(inline(DOCUMENT.bundled))
    for parameter in operation.content.get("parameters", ())
}

Judge = Callable[[JsonValue], bool]


def judges(schema: dict[str, Any]) -> tuple[Judge, Judge]:
    """The verdict of jsonschema-rs, and the verdict of jsonschema alone."""
    return compile_verdict(schema), DialectValidator(schema, format_checker=FORMATS).is_valid


def agreed(schema: dict[str, Any], values: Sequence[JsonValue]) -> Counter[bool]:
    """Compare both verdicts on each value; return how many values are valid and invalid."""
    quick, thorough = judges(schema)
    verdicts = [(value, quick(value), thorough(value)) for value in values]
    assert [(schema, value) for value, one, other in verdicts if one is not other] == []
    return Counter(verdict for _, verdict, _ in verdicts)


def examples(contract: EventContract) -> tuple[list[JsonValue], list[JsonValue]]:
    """Return the valid and the invalid examples of a contract."""
    folder = ROOT / "contracts" / contract.event_type / str(contract.version) / "examples"
    valid, invalid = (
        [json.loads(path.read_text()) for path in sorted(folder.glob(f"{verdict}-*"))]
        for verdict in ("valid", "invalid")
    )
    return valid, invalid


@pytest.mark.parametrize("contract", RELEASED, ids=lambda each: f"{each.event_type}-{each.version}")
def test_validators_agree_on_every_example_and_a_thousand_variants(contract: EventContract) -> None:
    dice = random.Random(f"{contract.event_type} {contract.version}")
    valid, invalid = examples(contract)
    shown = [*valid, *invalid]
    like_them = [mutated(dice, dice.choice(shown)) for _ in range(1500)]
    verdicts = agreed(contract.schema, [*shown, *like_them, *(any_value(dice) for _ in range(200))])
    assert min(verdicts[True], verdicts[False]) >= 20


@pytest.mark.parametrize("event_type", CONTRACTS.event_types)
def test_validators_agree_on_thousands_of_published_events(event_type: str) -> None:
    dice = random.Random(event_type)
    contract = CONTRACTS.get(event_type, CONTRACTS.default_version(event_type))
    envelope = DOCUMENT.envelopes[event_type]
    data = {keyword: value for keyword, value in contract.schema.items() if not keyword.startswith("$")}
    whole = {**envelope, "properties": {**envelope["properties"], "data": data}}
    more: list[dict[str, JsonValue]] = [{}, {"eventId": "e-1"}, {"schemaVersion": "1.0.0"}]
    valid, invalid = examples(contract)
    shown = [*valid, *valid, *valid, *invalid]
    events = [{"eventType": event_type, "data": data, **named} for data in shown for named in more]
    like_them = [mutated(dice, dice.choice(events)) for _ in range(3000)]
    verdicts = agreed(whole, [*events, *like_them])
    assert min(verdicts[True], verdicts[False]) >= 300


@pytest.mark.parametrize("name", PARAMETERS)
def test_validators_agree_on_parameters(name: str) -> None:
    schema = PARAMETERS[name]
    dice = random.Random(name)
    shown = [*STRINGS, *NUMBERS, *schema.get("enum", ()), "k7f3q2xw-1043", "earliest", 1, 30, 100, 1_000_000]
    listed = [[dice.choice(("order.shipped", *STRINGS)) for _ in range(dice.randrange(4))] for _ in range(100)]
    values = [*shown, True, *listed, *(mutated(dice, dice.choice([*shown, *listed])) for _ in range(300))]
    verdicts = agreed(schema, values)
    assert verdicts[True]
    assert verdicts[False]


# Schemas at random


def any_schema(dice: random.Random, depth: int = 2) -> dict[str, Any]:
    def part() -> dict[str, Any]:
        return any_schema(dice, depth - 1)

    simple: dict[str, Callable[[], Any]] = {
        "type": lambda: dice.choice(("object", "array", "string", "integer", "number", "boolean", "null")),
        "enum": lambda: [any_value(dice, 1) for _ in range(dice.randrange(1, 6))],
        "required": lambda: dice.sample(NAMES, dice.randrange(3)),
        "pattern": lambda: dice.choice((*READ_ALIKE, *HANDED_BACK)),
        "format": lambda: dice.choice(("date-time", "date", "int32", "double")),
        "multipleOf": lambda: dice.choice((1, 2, 3, 7, 0.1, 0.01, 0.5, 2.0, 1e-8)),
        "uniqueItems": lambda: dice.choice((True, False)),
        "minimum": lambda: dice.choice(NUMBERS),
        "maximum": lambda: dice.choice(NUMBERS),
        **dict.fromkeys(("minLength", "minItems", "minProperties"), lambda: dice.choice((0, 1, 2, 2.0))),
        **dict.fromkeys(("maxLength", "maxItems", "maxProperties"), lambda: dice.choice((0, 1, 3, 20, 3.0))),
        "title": lambda: "The title",
        "x-note": lambda: {"minimum": 3},
    }
    nested: dict[str, Callable[[], Any]] = {
        "properties": lambda: {name: part() for name in dice.sample(NAMES, 3)},
        "additionalProperties": lambda: dice.choice((False, True, part())),
        **dict.fromkeys(("items", "not"), part),
        **dict.fromkeys(("allOf", "anyOf", "oneOf"), lambda: [part() for _ in range(dice.randrange(1, 4))]),
    }
    known = {**simple, **(nested if depth else {})}
    return {keyword: known[keyword]() for keyword in dice.sample(sorted(known), dice.randrange(1, 4))}


@pytest.mark.filterwarnings("ignore:Possible (nested )?set:FutureWarning")
def test_validators_agree_on_random_values_and_random_schemas_of_the_dialect() -> None:
    dice = random.Random(4)
    verdicts: Counter[bool] = Counter()
    for _ in range(1500):
        schema = any_schema(dice)
        of_enums = [mutated(dice, value) for value in schema.get("enum", ())]
        verdicts += agreed(schema, [*(any_value(dice) for _ in range(20)), *schema.get("enum", ()), *of_enums])
    assert min(verdicts.values()) > 5000


@pytest.mark.filterwarnings("ignore:Possible (nested )?set:FutureWarning")
def test_text_that_jsonschema_does_not_accept_as_a_schema_is_refused() -> None:
    dice = random.Random(5)
    like_schemas = [mutated(dice, any_schema(dice)) for _ in range(2000)]
    wrong = [each for each in like_schemas if isinstance(each, dict) and not is_schema_to_jsonschema(each)]
    assert len(wrong) > 300
    for each in wrong:
        with pytest.raises(InvalidContract):
            compile_schema(each, "schema.json")


def is_schema_to_jsonschema(value: dict[str, Any]) -> bool:
    try:
        DialectValidator.check_schema(value, format_checker=FormatChecker(()))  # `test_schema` has patterns
    except SchemaError:
        return False
    return True


# Values and schemas that the two validators read differently without the rewriting

READ_ALIKE = (
    *("b", "^a$", "^[0-9A-Za-z_.:-]{1,128}$", r"^(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)$", "^(?:a|b)+?$", "a|^b$", "", "^$"),
    *(r"^\d{4}-\d\d$", r"^\w+$", r"^\W$", r"^\D$", r"^[\w-]*$", r"^[^\d]$", r"^[\].\\]$", "^[^a-z]$", "^[a-]$", "^é+$"),
    *(r"^\$\.\/-$", "^[$.|?*+(){}]+$", "^(a(b(c)?)*){0,3}$", "^a{2,}$", "x$y", "a^", "(^a|b$)"),
)
HANDED_BACK = (
    *(
        "^a.c$",
        "^.+$",
        r"^\s$",
        r"^[\s]$",
        r"\S",
        r"[^\S]",
        r"a\b",
        r"\Ba",
        r"\B",
        "^(?=a)a$",
        "^(?!a)",
        "(?<n>a)",
        "[]",
        "[^]",
    ),
    *(r"^\x41$", r"^\u0041$", r"^\u{1F600}$", r"^\uD83D\uDE00$", r"^\cI$", r"^\t$", r"^[\b]$", r"^\0$"),
    *("^[a&&b]$", "^[a~~b]$", "^[[]$", "^[a-z-9]$", "^[+--]$", "^a{1000}$", "^[^^]$"),
)
TEXTS = (
    *(
        *STRINGS,
        "b",
        "ab",
        "abc",
        "b\n",
        "aa",
        "aaa",
        "A",
        "a&b",
        "&",
        "~",
        "-",
        "_",
        "{",
        "}",
        "[",
        "]",
        "]a",
        "$.",
        "$",
    ),
    *(
        "a\nc",
        "a\rc",
        "a\u2028c",
        "a\u00e4c",
        "a\u00a0",
        "\u00a0",
        "\x0b",
        "\x85",
        "\x08",
        "\t",
        "aä",
        "äa",
        "a b",
        "ääa",
    ),
    *(
        "a{2",
        "a{,2}",
        "1.0",
        "$./-",
        "9",
        "2024-05",
        "\\",
        "^",
        ".",
        "+",
        ",",
        "x$y",
        "xy",
        "a^",
        "\u017f",
        "\u212a",
    ),
)


@pytest.mark.parametrize("pattern", READ_ALIKE)
def test_pattern_that_both_read_alike_is_decided_by_jsonschema_rs(pattern: str) -> None:
    assert shared_schema({"pattern": pattern}) == {"pattern": pattern}
    dice = random.Random(pattern)
    agreed({"pattern": pattern}, [*TEXTS, *(any_text(dice, dice.choice(TEXTS)) for _ in range(300))])


@pytest.mark.filterwarnings(
    "ignore:Possible (nested )?set:FutureWarning"
)  # a later Python may read some of them as Rust does
@pytest.mark.parametrize("pattern", HANDED_BACK)
def test_pattern_that_they_may_read_differently_is_decided_by_jsonschema(pattern: str) -> None:
    assert shared_schema({"pattern": pattern}) == {"allOf": [{ASK_JSONSCHEMA: {"pattern": pattern}}]}
    dice = random.Random(pattern)
    agreed({"pattern": pattern}, [*TEXTS, *(any_text(dice, dice.choice(TEXTS)) for _ in range(100))])


@pytest.mark.filterwarnings("ignore:Possible (nested )?set:FutureWarning")
def test_random_patterns_mean_the_same_to_both_validators() -> None:
    dice = random.Random(262)
    parts = [
        "a",
        "b",
        "-",
        "^",
        "$",
        "|",
        "(",
        "(?:",
        ")",
        "[ab]",
        "[^a-]",
        r"[^\W]",
        r"[\D-]",
        r"[^\wé]",
        r"\d",
        r"\W",
        r"\.",
        "é",
        "1",
        "&",
        "~",
    ]
    counts = ["*", "+", "?", "{2}", "{1,3}", "*?", "{0,1}?", ".", r"\b", "{", "[[]"]
    compiled = 0
    for _ in range(3000):
        pattern = "".join(dice.choice(parts) + (dice.choice(counts) if dice.random() < 0.4 else "") for _ in range(4))
        try:
            quick, thorough = judges({"pattern": pattern})
            thorough("")
        except Exception:  # noqa: BLE001, S112  # what Python cannot compile is refused before any of this
            continue
        compiled += 1
        texts = ["".join(dice.choice("ab-1é&~\n.[{") for _ in range(dice.randrange(5))) for _ in range(12)]
        assert [(pattern, text) for text in texts if quick(text) is not thorough(text)] == []
    assert compiled > 1000


@pytest.mark.parametrize("digits", [999, 1000])
def test_pattern_that_is_too_large_for_jsonschema_rs_is_decided_by_jsonschema(digits: int) -> None:
    pattern = f"^(?:[a-z]{{1,{digits}}}){{1,{digits}}}$"
    assert agreed({"pattern": pattern}, ["abc", "ABC", ""]) == {True: 1, False: 2}


def test_validators_accept_the_same_days() -> None:
    date, date_time = judges({"format": "date"}), judges({"format": "date-time"})
    years = (0, 1, 4, 10, 99, 100, 400, 999, 1000, 1582, 1900, 1999, 2000, 2023, 2024, 2100, 9999)
    days = {(year, month, day) for year in years for month in range(14) for day in range(33)}
    for year, month, day in sorted(days | {(year, 2, 29) for year in range(10_000)}):
        exists = year >= 1 and 1 <= month <= 12 and 1 <= day <= calendar.monthrange(max(year, 1), month)[1]
        written = f"{year:04}-{month:02}-{day:02}"
        assert [judge(written) for judge in date] == [exists, exists], written
        assert [judge(f"{written}T10:00:00Z") for judge in date_time] == [exists, exists], written


def test_validators_accept_the_same_times() -> None:
    dice = random.Random(3339)
    shown = ["2024-05-01T10:00:00Z", "2016-10-04T10:18:57-03:00", "9999-12-31T23:59:59.123456789+23:59"]
    likes = [any_text(dice, dice.choice(shown)) for _ in range(5000)]
    times = [
        f"2024-05-01T{hour:02}:{minute:02}:{second:02}{offset}"
        for hour in (0, 9, 19, 20, 23, 24, 25, 99)
        for minute in (0, 59, 60, 99)
        for second in (0, 59, 60, 61, 99)
        for offset in (
            "Z",
            "z",
            "",
            "+00:00",
            "-00:00",
            "+23:59",
            "+24:00",
            "-12:60",
            "+1:00",
            "+0100",
            ".5Z",
            ".Z",
            ",5Z",
        )
    ]
    verdicts = agreed({"format": "date-time"}, [*likes, *times])
    assert min(verdicts[True], verdicts[False]) > 100


@pytest.mark.parametrize(
    ("schema", "value", "verdict"),
    [
        ({"multipleOf": 0.1}, 0.3, True),
        ({"multipleOf": 0.01}, 19.99, True),
        ({"multipleOf": 0.5}, 2.5, True),
        ({"uniqueItems": True}, [[1], [True]], True),
        ({"uniqueItems": True}, [1, 1.0], False),
        ({"uniqueItems": True}, [[1], [True], [1]], True),  # wrong, but jsonschema defines the meaning, and both agree
        ({"type": "integer"}, 1.0, True),
        ({"type": "integer"}, 1e20, True),
        ({"type": "integer"}, 10**400, True),
        ({"type": "number"}, True, False),
        ({"enum": [1]}, True, False),
        ({"enum": [[0]]}, [False], False),
        ({"enum": [{"a": 1}]}, {"a": 1.0}, True),
        ({"enum": [2**53 + 1]}, float(2**53), False),
        ({"minimum": 2**53 + 1}, float(2**53), False),
        ({"maximum": 1.5}, 10**400, False),
        ({"maxLength": 1}, "\U0001f4e6", True),
        ({"maxLength": 1}, "e\u0301", False),
        ({"type": "string"}, "\ud800", True),
        ({"maxLength": 0}, "\ud800", False),
        ({"format": "int32"}, 2**40, True),
    ],
)
def test_validators_agree_where_others_are_known_to_differ(
    schema: dict[str, Any], value: JsonValue, *, verdict: bool
) -> None:
    assert agreed(schema, [value]) == {verdict: 1}


def test_validators_agree_on_deeply_nested_values() -> None:
    deep: JsonValue = 1
    for _ in range(400):
        deep = [deep]
    assert agreed({"items": {"type": "array"}}, [deep]) == {True: 1}
    assert agreed({"type": "object"}, [deep]) == {False: 1}


def test_no_released_contract_needs_jsonschema_to_accept_an_event() -> None:
    schemas = [*(contract.schema for contract in RELEASED), *DOCUMENT.envelopes.values(), *PARAMETERS.values()]
    asked = [schema for schema in schemas if ASK_JSONSCHEMA in json.dumps(shared_schema(schema))]
    assert asked == []


def test_annotations_are_not_mistaken_for_keywords() -> None:
    schema = {"title": "t", "example": 1, "x-ask-jsonschema": {"type": "null"}, "format": "int64", "$id": "urn:a"}
    assert shared_schema(schema) == {}


def test_disagreement_of_the_validators_is_an_error_and_accepts_nothing() -> None:
    anything = DialectValidator({}, format_checker=FORMATS)
    schema = Schema("order.json", {}, lambda _: False, anything)
    with pytest.raises(VerdictsDiffer, match=r"^order\.json: jsonschema-rs refuses a value in which jsonschema finds"):
        schema.violations({}, 10)


def test_schema_accepts_a_value_without_violations() -> None:
    schema = compile_schema({"type": "object", "required": ["a"]}, "The schema")
    values: list[JsonValue] = [{"a": 1}, {}, 1]
    assert [(schema.accepts(value), schema.violations(value, 1)[1]) for value in values] == [
        (True, 0),
        (False, 1),
        (False, 1),
    ]
