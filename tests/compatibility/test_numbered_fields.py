"""The field numbers of the `.proto`: new fields get them by a command, and released ones never change."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from app.compatibility import check, number, release
from app.specification.derived.protobuf.field_numbers import FIELD_NUMBERS
from app.specification.version import Step
from tests.compatibility.released_contract import BASELINES, ReleasedContract, drop, move, put
from tests.support.order_returned import add_order_returned

SHIPPED = "OrderShippedV1"


def numbers(contract: ReleasedContract) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((contract.root / FIELD_NUMBERS).read_text())
    return content


def edit(contract: ReleasedContract, change: Callable[[Any], object]) -> None:
    content = numbers(contract)
    change(content)
    (contract.root / FIELD_NUMBERS).write_text(json.dumps(content))


def findings(contract: ReleasedContract) -> list[str]:
    """Return the findings about field numbers, without giving numbers to new fields."""
    return [str(each) for each in check(contract.root).findings if "field-" in str(each)]


def test_numbers_of_the_repository_are_complete_and_as_released(released: ReleasedContract) -> None:
    assert check(released.root).findings == []


def test_new_event_type_gets_numbers_by_a_command(released: ReleasedContract) -> None:
    before = numbers(released)
    add_order_returned(released.copy)
    released.copy.move_to_next_minor()
    (data, member) = sorted(findings(released), key=len, reverse=True)
    assert data == (
        "field-number-missing: contracts/field-numbers.json at /OrderReturnedV1\n"
        "  change    there is no number for orderId, when, items\n"
        '  fix       Run this command again with `--number`, or add "orderId": {"number": 1, "type": "optional string"}, '
        '"when": {"number": 2, "type": "optional string"}, "items": {"number": 3, "type": "optional int64"}.'
    )
    assert member.startswith("field-number-missing: contracts/field-numbers.json at /Event\n")
    number(released.root)
    assert check(released.root).findings == []
    now = numbers(released)
    assert now["Event"].pop("orderReturnedV1")["number"] == len(before["Event"]) + 1
    assert now.pop("OrderReturnedV1").keys() == {"orderId", "when", "items"}
    assert now == before


def test_numbers_that_are_added_by_hand_count_too(released: ReleasedContract) -> None:
    released.add_version("order.shipped", put("properties", "courier", value={"type": "string", "maxLength": 50}))
    released.edit_document(move(Step.MINOR))
    assert len(findings(released)) == 1
    edit(released, put(SHIPPED, "courier", value={"number": 99, "type": "optional string"}))
    assert findings(released) == []


def test_release_freezes_the_numbers(released: ReleasedContract) -> None:
    released.add_version("order.shipped", put("properties", "courier", value={"type": "string", "maxLength": 50}))
    released.edit_document(move(Step.MINOR))
    assert len(release(released.root).findings) == 1
    number(released.root)
    edit(released, put(SHIPPED, "courier", "number", value=77))
    assert release(released.root).findings == ()
    assert json.loads((released.root / BASELINES[2]).read_text()) == numbers(released)
    edit(released, put(SHIPPED, "courier", "number", value=78))
    assert [each.partition(":")[0] for each in findings(released)] == ["field-number-moved"]


@pytest.mark.parametrize(
    ("change", "rules"),
    [
        (put(SHIPPED, "carrier", "number", value=9), ["field-number-moved"]),
        (drop(SHIPPED, "carrier"), ["field-number-missing", "field-number-removed"]),
        (drop(SHIPPED), ["field-number-missing", *["field-number-removed"] * 5]),
        (put("SubscribeRequest", "since", "number", value=40), ["field-number-moved"]),
        (put("Event", "orderShippedV1", "number", value=40), ["field-number-moved"]),
        (put("SubscribeResponse", "gap", "number", value=40), ["field-number-moved"]),
        (put("Unused", "entry", value={"number": 1, "type": "bool"}), []),
        (put(SHIPPED, "courier", value={"number": 9, "type": "optional string"}), []),
    ],
)
def test_released_numbers_do_not_change(
    released: ReleasedContract, change: Callable[[Any], object], rules: list[str]
) -> None:
    edit(released, change)
    assert sorted(each.partition(":")[0] for each in findings(released)) == sorted(rules)


def test_number_of_a_removed_field_is_not_used_again(released: ReleasedContract) -> None:
    def rename(content: Any) -> None:
        content[SHIPPED]["courier"] = content[SHIPPED].pop("carrier")

    edit(released, rename)
    rules = [each.partition(":")[0] for each in findings(released)]
    assert sorted(rules) == ["field-number-missing", "field-number-removed", "field-number-reused"]


def test_entry_that_its_property_has_left_reserves_its_number(released: ReleasedContract) -> None:
    edit(released, put(SHIPPED, "gone", value={"number": 6, "type": "bool"}))
    released.add_version("order.shipped", put("properties", "courier", value={"type": "string", "maxLength": 50}))
    number(released.root)
    assert numbers(released)[SHIPPED]["courier"]["number"] == 7


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (put(SHIPPED, "carrier", "number", value=1), "OrderShippedV1: orderId and carrier have the same number, 1."),
        (put(SHIPPED, "carrier", "number", value=0), "/OrderShippedV1/carrier/number must be at least 1."),
        (put(SHIPPED, "carrier", "number", value=2**29), "/OrderShippedV1/carrier/number must be at most 536870911."),
        (put(SHIPPED, "carrier", "number", value=19500), "carrier has the number 19500, which is not for fields."),
        (put(SHIPPED, "carrier", "type", value="bool"), "carrier is recorded as 'bool', but its schema makes it"),
        (drop(SHIPPED, "carrier", "type"), "/OrderShippedV1/carrier must have the property 'type'."),
    ],
)
def test_wrong_file_is_one_finding(released: ReleasedContract, change: Callable[[Any], object], line: str) -> None:
    edit(released, change)
    (finding,) = released.check().findings
    assert finding.rule == "document-invalid"
    assert "contracts/field-numbers.json" in finding.change
    assert line in finding.change


def test_numbers_that_were_never_recorded_as_released_are_a_finding(released: ReleasedContract) -> None:
    (released.root / BASELINES[2]).unlink()
    assert released.rules() == ["baseline-missing"]
    assert release(released.root).findings == ()
    assert released.rules() == []
