from __future__ import annotations

import json
import math
import os
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any, get_args

import pytest

from app.events.delivery.stream_item import ClosingReason
from app.events.position import GapReason
from app.specification.contracts import Contracts, load_contracts
from app.specification.deprecation import Deprecation
from app.specification.errors import InvalidContract, UnknownEventType

RELEASED = Path(__file__).parents[2] / "contracts"
ORDER_ID = {"type": "string", "pattern": "^[0-9A-Za-z_.:-]{1,128}$"}
OWNER = {**ORDER_ID, "x-owner": True}
KEY = {**ORDER_ID, "x-key": True}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["orderId"],
    "properties": {"orderId": ORDER_ID},
    "additionalProperties": False,
}


def write(path: Path, content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))


def add(folder: Path, event_type: str, version: str = "1.0.0", schema: object = SCHEMA, example: object = None) -> Path:
    place = folder / event_type / version
    write(place / "schema.json", schema)
    write(place / "examples" / "valid-one.json", example or {"orderId": "or_1"})
    write(place / "examples" / "invalid-empty.json", [])
    return place


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    add(tmp_path, "order.returned")
    return tmp_path


def with_properties(**more: object) -> dict[str, object]:
    return {**SCHEMA, "properties": {"orderId": ORDER_ID, **more}}


def keyed(name: str) -> dict[str, object]:
    """Return a schema in which another property than `orderId` has the key."""
    return {**SCHEMA, "required": [name], "properties": {name: KEY}}


def deprecate(folder: Path, event_type: str, version: str, **more: str) -> None:
    days = {"deprecatedOn": "2026-12-01", **({"sunsetOn": more["sunset"]} if more else {})}
    write(folder / event_type / version / "deprecated.json", days)


def released() -> Contracts:
    return load_contracts(RELEASED)


def test_the_released_contracts_load() -> None:
    contracts = released()
    assert contracts.event_types == ("order.cancelled", "order.shipped")
    assert contracts.control_types == ("stream.checkpoint", "stream.closing", "stream.deprecation", "stream.gap")
    assert contracts.majors == (1,)


def test_the_key_is_the_marked_property_or_the_order_id(folder: Path) -> None:
    add(folder, "parcel.delivered", "1.0.0", keyed("parcelId"), {"parcelId": "p_1"})
    contracts = load_contracts(folder)
    assert {name: contracts.get(name, "1.0.0").key_property for name in contracts.event_types} == {
        "order.returned": "orderId",
        "parcel.delivered": "parcelId",
    }


def test_the_released_contracts_say_which_property_has_the_owner() -> None:
    contracts = released()
    assert {
        (name, str(version)): contracts.get(name, version).owner_property
        for name in contracts.event_types
        for version in contracts.versions(name)
    } == {
        ("order.cancelled", "1.0.0"): None,
        ("order.cancelled", "1.1.0"): "merchantId",
        ("order.shipped", "1.0.0"): None,
        ("order.shipped", "1.1.0"): None,
        ("order.shipped", "1.2.0"): "merchantId",
    }


def test_contract_has_its_schema_exactly_as_in_the_file() -> None:
    contract = released().get("order.cancelled", "1.0.0")
    assert contract.schema == json.loads((RELEASED / "order.cancelled" / "1.0.0" / "schema.json").read_text())
    assert list(contract.schema) == [
        "$schema",
        "$id",
        "title",
        "description",
        "type",
        "required",
        "properties",
        "additionalProperties",
    ]
    assert contract.version == (1, 0, 0)


def test_every_released_schema_has_a_draft_a_unique_id_and_a_description() -> None:
    contracts = released()
    schemas = [
        contracts.get(name, version).schema for name in all_types(contracts) for version in contracts.versions(name)
    ]
    assert {schema["$schema"] for schema in schemas} == {"https://json-schema.org/draft/2020-12/schema"}
    assert len({str(schema["$id"]) for schema in schemas}) == len(schemas)
    assert len({str(schema["title"]) for schema in schemas}) == len(all_types(contracts))
    assert all(schema["description"] and schema["additionalProperties"] is False for schema in schemas)


def test_every_released_schema_has_several_examples_of_each_verdict() -> None:
    for path in RELEASED.glob("*/*/schema.json"):
        names = [example.name for example in (path.parent / "examples").iterdir()]
        least = 1 if path.parts[-3] == "stream.checkpoint" else 2  # {} is all that it can be
        assert sum(name.startswith("valid-") for name in names) >= least
        assert sum(name.startswith("invalid-") for name in names) >= 2


def test_the_contract_lists_every_reason_that_the_server_can_give() -> None:
    reasons = {name: properties(name)["reason"]["enum"] for name in ("stream.gap", "stream.closing")}
    assert reasons == {"stream.gap": list(get_args(GapReason)), "stream.closing": list(get_args(ClosingReason))}


def properties(event_type: str) -> Any:
    contracts = released()
    newest = contracts.versions(event_type)[-1]
    return contracts.get(event_type, str(newest)).schema["properties"]


def all_types(contracts: Contracts) -> tuple[str, ...]:
    return contracts.event_types + contracts.control_types


@pytest.mark.parametrize(
    ("event_type", "data"),
    [
        ("order.shipped", {"orderId": "a", "when": "2024-05-01T10:00:00Z", "reason": "x"}),
        ("order.shipped", {"orderId": "a\u2028", "when": "2024-05-01T10:00:00Z"}),
        ("order.cancelled", {"orderId": "a", "when": "2024-05-01T10:00:00Z\n"}),
        ("order.cancelled", {"orderId": "a", "when": "2024-05-01T10:00:00." + "0" * 60 + "Z"}),
        ("stream.gap", {"reason": "expired", "requested": "a", "earliest": "a:b"}),
    ],
)
def test_the_released_contracts_refuse(event_type: str, data: Any) -> None:
    _, total = released().get(event_type, "1.0.0").compiled.violations(data, 1)
    assert total == 1


def test_a_new_folder_is_a_new_event_type(folder: Path) -> None:
    add(folder, "order.refunded", "2.1.0")
    contracts = load_contracts(folder)
    assert contracts.event_types == ("order.refunded", "order.returned")
    assert contracts.majors == (1, 2)


def test_versions_are_ordered_as_numbers_and_the_newest_is_the_default(folder: Path) -> None:
    for version in ("1.10.0", "1.9.0", "1.10.2"):
        add(folder, "order.returned", version)
    contracts = load_contracts(folder)
    assert contracts.versions("order.returned") == ((1, 0, 0), (1, 9, 0), (1, 10, 0), (1, 10, 2))
    assert contracts.default_version("order.returned") == (1, 10, 2)
    assert contracts.get("order.returned", "1.9.0").version == (1, 9, 0)


def test_the_default_version_is_the_newest_of_the_oldest_major(folder: Path) -> None:
    add(folder, "order.returned", "1.1.0")
    older = load_contracts(folder)
    shutil.rmtree(folder / "order.returned")
    add(folder, "order.returned", "2.3.0")
    newer = load_contracts(folder)
    both = Contracts(
        [
            older.get("order.returned", "1.0.0"),
            older.get("order.returned", "1.1.0"),
            newer.get("order.returned", "2.3.0"),
        ]
    )
    assert both.default_version("order.returned") == (1, 1, 0)


@pytest.mark.parametrize(
    ("event_type", "version"), [("order.lost", "1.0.0"), ("order.shipped", "1.0"), ("", ""), ("order.shipped", "")]
)
def test_an_unknown_type_or_version_is_named(event_type: str, version: str) -> None:
    with pytest.raises(UnknownEventType, match=repr(version if event_type == "order.shipped" else event_type)):
        released().get(event_type, version)


def test_an_unknown_type_is_repeated_shortened() -> None:
    with pytest.raises(UnknownEventType) as refused:
        released().versions("order.\n" * 10_000)
    assert len(refused.value.detail) < 100
    assert "\n" not in refused.value.detail


def test_a_control_event_needs_no_order(folder: Path) -> None:
    place = add(folder, "stream.news", schema={"type": "object", "additionalProperties": False})
    write(place / "examples" / "valid-one.json", {})
    contracts = load_contracts(folder)
    assert contracts.control_types == ("stream.news",)
    assert contracts.majors == (1,)


def test_hidden_files_and_the_readme_are_ignored(folder: Path) -> None:
    write(folder / "README.md", "# Contracts")
    for place in (folder, *folder.glob("*"), *folder.glob("*/*"), *folder.glob("*/*/examples")):
        if place.is_dir():
            write(place / ".DS_Store", "")
    assert load_contracts(folder).event_types == ("order.returned",)


def schema_of(folder: Path) -> Path:
    return folder / "order.returned" / "1.0.0" / "schema.json"


def example(folder: Path, name: str) -> Path:
    return folder / "order.returned" / "1.0.0" / "examples" / name


BREAKS: dict[str, tuple[Callable[[Path], object], str]] = {
    "no folder": (shutil.rmtree, ": the folder cannot be read: No such file or directory."),
    "an empty folder": (lambda at: shutil.rmtree(at / "order.returned"), ": the folder is empty"),
    "a file among the types": (lambda at: write(at / "NOTES", ""), "'NOTES' is not an event type such as"),
    "a file named like a type": (lambda at: write(at / "notes.txt", ""), "notes.txt: this must be a folder."),
    "a type in upper case": (lambda at: add(at, "Order.lost"), "'Order.lost' is not an event type"),
    "a type of one word": (lambda at: add(at, "lost"), "'lost' is not an event type"),
    "a type with a line feed": (lambda at: add(at, "order.lost\n"), r"'order.lost\n' is not an event type"),
    "a type with a control character": (lambda at: add(at, "order.\x1flost"), r"'order.\x1flost' is not an event type"),
    "a type that is too long": (lambda at: add(at, "order." + "x" * 59), "is not an event type"),
    "a version of two numbers": (
        lambda at: add(at, "order.lost", "1.0"),
        "order.lost: '1.0' is not a version such as 1.0.0",
    ),
    "a version with a leading zero": (lambda at: add(at, "order.lost", "1.01.0"), "'1.01.0' is not a version"),
    "a version with a v": (lambda at: add(at, "order.lost", "v1.0.0"), "'v1.0.0' is not a version"),
    "a file among the versions": (lambda at: write(at / "order.returned/1.0.1", ""), "1.0.1: this must be a folder."),
    "no version": (lambda at: (at / "order.lost").mkdir(), "order.lost: the folder is empty"),
    "no schema": (
        lambda at: schema_of(at).unlink(),
        "schema.json: the file cannot be read: No such file or directory.",
    ),
    "a schema that is a folder": (
        lambda at: (at / "order.lost/1.0.0/schema.json").mkdir(parents=True),
        "schema.json: the file cannot be read: Is a directory.",
    ),
    "a schema that is not JSON": (
        lambda at: write(schema_of(at), "{,}"),
        "schema.json: The JSON text is malformed at line 1, column 2: key must be a string.",
    ),
    "a schema with a name twice": (
        lambda at: write(schema_of(at), '{"type": 1, "type": 2}'),
        "the property 'type' twice",
    ),
    "a schema that is a list": (lambda at: write(schema_of(at), []), "schema.json: a schema must be an object."),
    "an invalid schema": (
        lambda at: write(schema_of(at), {**SCHEMA, "type": 1}),
        "schema.json: the schema is wrong at /type",
    ),
    "a schema with an if": (lambda at: write(schema_of(at), {**SCHEMA, "if": {}}), "wrong at /if: the keyword 'if'"),
    "an unknown file in a version": (
        lambda at: write(at / "order.returned/1.0.0/schema.yaml", ""),
        "schema.yaml: a contract holds schema.json, examples and deprecated.json, that of a later major also down.json",
    ),
    "a deprecation without a date": (
        lambda at: write(at / "order.returned/1.0.0/deprecated.json", {"deprecatedOn": "soon"}),
        'deprecated.json: this must be {"deprecatedOn": "2026-12-01"} or {"deprecatedOn": "2026-12-01", "sunsetOn": "2027-06-01"}',
    ),
    "a deprecation with more than a date": (
        lambda at: write(
            at / "order.returned/1.0.0/deprecated.json", {"deprecatedOn": "2026-12-01", "because": "of this"}
        ),
        'deprecated.json: this must be {"deprecatedOn": "2026-12-01"} or {"deprecatedOn": "2026-12-01", "sunsetOn": "2027-06-01"}',
    ),
    "a sunset without a date": (
        lambda at: deprecate(at, "order.returned", "1.0.0", sunset="2027-02-30"),
        "with dates of RFC 3339.",
    ),
    "a sunset on the day of the deprecation": (
        lambda at: deprecate(at, "order.returned", "1.0.0", sunset="2026-12-01"),
        "deprecated.json: sunsetOn must be after deprecatedOn.",
    ),
    "no examples": (
        lambda at: shutil.rmtree(at / "order.returned/1.0.0/examples"),
        "examples: the folder cannot be read: No such file or directory.",
    ),
    "no valid example": (lambda at: example(at, "valid-one.json").unlink(), "there must be an example valid-….json"),
    "no invalid example": (
        lambda at: example(at, "invalid-empty.json").unlink(),
        "there must be an example invalid-….json",
    ),
    "a valid example that is invalid": (
        lambda at: write(example(at, "valid-two.json"), {"orderId": 2}),
        "valid-two.json: the example is not valid: /orderId must be a string.",
    ),
    "an invalid example that is valid": (
        lambda at: write(example(at, "invalid-two.json"), {"orderId": "2"}),
        "invalid-two.json: the example is valid, but its name says that it is not.",
    ),
    "an example that is not JSON": (
        lambda at: write(example(at, "invalid-two.json"), "{"),
        "invalid-two.json: The JSON text",
    ),
    "an empty example": (
        lambda at: write(example(at, "invalid-two.json"), ""),
        "invalid-two.json: The JSON text is empty.",
    ),
    "an example without a verdict": (
        lambda at: write(example(at, "two.json"), {}),
        "'two.json' is not the name of an example",
    ),
    "an example that is no .json": (lambda at: write(example(at, "valid-a.txt"), {}), "'valid-a.txt' is not the name"),
    "no orderId": (lambda at: write(schema_of(at), {"type": "object"}), "requires a string orderId"),
    "an orderId that is not required": (
        lambda at: write(schema_of(at), {**SCHEMA, "required": []}),
        "requires a string orderId",
    ),
    "an orderId with a pattern of its own": (
        lambda at: write(schema_of(at), {**SCHEMA, "properties": {"orderId": {**ORDER_ID, "pattern": "^or_[0-9]+$"}}}),
        "requires a string orderId",
    ),
    "a key that is not required": (
        lambda at: write(schema_of(at), with_properties(parcelId=KEY)),
        "requires a string parcelId",
    ),
    "a key with a pattern of its own": (
        lambda at: write(schema_of(at), with_properties(parcelId={**KEY, "pattern": "^[0-9]*$"})),
        "parcelId must be a string with the pattern",
    ),
    "two keys": (
        lambda at: write(schema_of(at), with_properties(parcelId=KEY, shelfId=KEY)),
        "x-key may mark one property of the event's data, and nothing within it.",
    ),
    "a later version with another key": (
        lambda at: (
            add(at, "order.returned", "1.0.0"),
            add(at, "order.returned", "1.1.0", keyed("parcelId"), {"parcelId": "p_1"}),
        ),
        "1.1.0: orderId must have the key of the event, as it has in version 1.0.0, but parcelId has it.",
    ),
    "an owner with a pattern of its own": (
        lambda at: write(schema_of(at), with_properties(shop={**ORDER_ID, "pattern": "^[0-9]*$", "x-owner": True})),
        "shop must be a string with the pattern",
    ),
    "a mark of the owner that is not true": (
        lambda at: write(schema_of(at), with_properties(shop={**ORDER_ID, "x-owner": "yes"})),
        "shop must be a string with the pattern",
    ),
    "two owners": (
        lambda at: write(schema_of(at), with_properties(shop=OWNER, seller=OWNER)),
        "x-owner may mark one property of the event's data, and nothing within it.",
    ),
    "an owner within a property": (
        lambda at: write(schema_of(at), with_properties(shop={"type": "object", "properties": {"id": OWNER}})),
        "x-owner may mark one property of the event's data, and nothing within it.",
    ),
    "a later version without the owner": (
        lambda at: (
            add(at, "order.returned", "1.0.0", with_properties(shop=OWNER)),
            add(at, "order.returned", "1.1.0"),
        ),
        "1.1.0: shop must have the owner of the event (x-owner), as it has in version 1.0.0.",
    ),
    "a later version with another owner": (
        lambda at: (
            add(at, "order.returned", "1.0.0", with_properties(shop=OWNER)),
            add(at, "order.returned", "1.1.0", with_properties(shop=ORDER_ID, seller=OWNER)),
        ),
        "1.1.0: shop must have the owner of the event (x-owner), as it has in version 1.0.0.",
    ),
    "an owner from a major version on": (
        lambda at: (
            add(at, "order.returned", "1.0.0", with_properties(shop=ORDER_ID)),
            add(at, "order.returned", "2.0.0", with_properties(shop=OWNER)),
        ),
        "2.0.0: shop cannot have the owner of the event (x-owner) from a major version on; add a minor version after 1.0.0 in which",
    ),
    "a second major version without tables": (
        lambda at: add(at, "order.returned", "2.0.0"),
        "order.returned/2.0.0/down.json: the file cannot be read: No such file or directory.",
    ),
    "a second major version of a control event": (
        lambda at: (add(at, "stream.news"), add(at, "stream.news", "2.0.0")),
        "stream.news: a control event has one major version, because the server sends it in one form.",
    ),
    "control events alone": (
        lambda at: (at / "order.returned").rename(at / "stream.news"),
        ": there is no event type besides control events.",
    ),
}


@pytest.mark.parametrize(("spoil", "line"), BREAKS.values(), ids=BREAKS.keys())
def test_the_start_is_refused_in_one_line_by(folder: Path, spoil: Callable[[Path], object], line: str) -> None:
    spoil(folder)
    with pytest.raises(InvalidContract) as refused:
        load_contracts(folder)
    assert line in refused.value.detail
    assert refused.value.detail.startswith(str(folder))
    assert "\n" not in refused.value.detail


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_the_start_is_refused_by_a_schema_that_may_not_be_read(folder: Path) -> None:
    schema_of(folder).chmod(0)
    with pytest.raises(InvalidContract, match="Permission denied"):
        load_contracts(folder)


@pytest.mark.parametrize(
    ("deprecated", "default"),
    [([], "1.2.0"), (["1.2.0"], "1.1.0"), (["1.0.0"], "1.2.0"), (["1.0.0", "1.1.0", "1.2.0"], "1.2.0")],
)
def test_the_default_is_the_newest_version_that_is_not_deprecated(
    tmp_path: Path, deprecated: list[str], default: str
) -> None:
    for version in ("1.0.0", "1.1.0", "1.2.0"):
        add(tmp_path, "order.returned", version)
    for version in deprecated:
        deprecate(tmp_path, "order.returned", version)
    contracts = load_contracts(tmp_path)
    assert str(contracts.default_version("order.returned")) == default
    expected = Deprecation(date(2026, 12, 1)) if "1.2.0" in deprecated else None
    assert contracts.get("order.returned", "1.2.0").deprecation == expected


def test_a_sunset_is_a_moment_in_utc(folder: Path) -> None:
    deprecate(folder, "order.returned", "1.0.0", sunset="2027-06-01")
    deprecation = load_contracts(folder).get("order.returned", "1.0.0").deprecation
    assert deprecation is not None
    assert (deprecation.deprecated_at, deprecation.sunset_at) == (1_796_083_200, 1_811_808_000)
    assert deprecation.days == {"deprecatedOn": "2026-12-01", "sunsetOn": "2027-06-01"}
    assert Deprecation(date(2026, 12, 1)).sunset_at == math.inf
