"""What readers are told about major versions that are deprecated, and from when on they are refused."""

from __future__ import annotations

import math
import shutil
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from app.specification.contracts import Contracts, EventContract, load_contracts
from app.specification.deprecated_majors import DeprecatedMajor, DeprecatedMajors, VersionRetired
from app.specification.deprecation import Deprecation
from app.specification.schema.schema import compile_schema
from app.specification.version import parse_version
from tests.support.contract_copy import ContractCopy
from tests.support.order_shipped_2 import add_order_shipped_2

SCHEMA: dict[str, Any] = {"type": "object"}
OLD, LATER = Deprecation(date(2026, 12, 1), date(2027, 6, 1)), Deprecation(date(2027, 1, 1), date(2027, 7, 1))
FOREVER = Deprecation(date(2026, 12, 1))
SHIPPED, CANCELLED = frozenset({"order.shipped"}), frozenset({"order.cancelled"})


def contract(event_type: str, version: str, deprecation: Deprecation | None = None) -> EventContract:
    parsed = parse_version(version)
    assert parsed is not None
    return EventContract(event_type, parsed, SCHEMA, compile_schema(SCHEMA, event_type), deprecation)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def majors(*contracts: EventContract, clock: Clock | None = None) -> DeprecatedMajors:
    return DeprecatedMajors(Contracts(contracts), clock or Clock())


TWO_MAJORS = (
    contract("order.shipped", "1.0.0", OLD),
    contract("order.shipped", "1.1.0", LATER),
    contract("order.shipped", "2.0.0"),
    contract("order.cancelled", "1.0.0"),
)
ENDS = DeprecatedMajor("order.shipped", 1, LATER, 2)


@pytest.mark.parametrize(
    ("event_types", "pin", "told"),
    [
        (None, None, (ENDS,)),  # without a pin, the oldest
        (None, 1, (ENDS,)),
        (SHIPPED, 1, (ENDS,)),
        (SHIPPED | CANCELLED, None, (ENDS,)),
        (CANCELLED, 1, ()),
        (None, 2, ()),
        (SHIPPED, 2, ()),
        (frozenset(), 1, ()),
    ],
)
def test_readers_of_a_deprecated_major_are_told_and_no_others(
    event_types: frozenset[str] | None, pin: int | None, told: tuple[DeprecatedMajor, ...]
) -> None:
    assert majors(*TWO_MAJORS).of_reader(event_types, pin) == told


def test_a_major_with_one_version_that_is_not_deprecated_is_not_deprecated() -> None:
    assert majors(contract("a.b", "1.0.0", OLD), contract("a.b", "1.1.0")).of_reader(None, 1) == ()


def test_a_major_ends_with_the_last_of_its_versions_and_not_while_one_has_no_sunset() -> None:
    assert majors(*TWO_MAJORS).of_reader(SHIPPED, 1)[0].ends_at == LATER.sunset_at
    open_ended = majors(contract("a.b", "1.0.0", OLD), contract("a.b", "1.1.0", FOREVER), contract("a.b", "2.0.0"))
    (told,) = open_ended.of_reader(None, 1)
    assert (told.ends_at, told.deprecation.sunset_on, told.successor) == (math.inf, None, 2)


def test_readers_are_sent_to_a_major_that_does_not_end_too() -> None:
    three = (contract("a.b", "1.0.0", OLD), contract("a.b", "2.0.0", LATER), contract("a.b", "3.0.0"))
    assert [each.successor for pin in (1, 2) for each in majors(*three).of_reader(None, pin)] == [3, 3]
    all_end = majors(*three[:2])
    assert [each.successor for pin in (1, 2) for each in all_end.of_reader(None, pin)] == [2, None]


def test_readers_are_refused_from_the_sunset_on() -> None:
    clock = Clock()
    known = majors(*TWO_MAJORS, clock=clock)
    clock.now = LATER.sunset_at - 1
    assert known.of_reader(None, None) == (ENDS,)
    clock.now = LATER.sunset_at
    for event_types, pin in ((None, None), (SHIPPED, 1)):
        with pytest.raises(
            VersionRetired,
            match=r"^Major version 1 of order.shipped was retired on 2027-07-01; ask for majorVersion=2\.$",
        ):
            known.of_reader(event_types, pin)
    assert known.of_reader(None, 2) == known.of_reader(CANCELLED, 1) == ()


def test_readers_of_a_major_without_a_successor_go_on_after_its_sunset() -> None:
    clock = Clock()
    known = majors(contract("a.b", "1.0.0", OLD), contract("c.d", "1.0.0"), clock=clock)
    for clock.now in (0, OLD.sunset_at + 1):
        (told,) = known.of_reader(None, None)
        assert (told.successor, told.ends_at, "successor" in told.data) == (None, math.inf, False)


def test_readers_who_pin_a_major_that_was_removed_are_refused_and_no_others(tmp_path: Path) -> None:
    copy = ContractCopy(tmp_path / "contract")
    add_order_shipped_2(copy)
    for folder in (copy.contracts / "order.shipped").glob("1.*"):
        shutil.rmtree(folder)
    known = DeprecatedMajors(load_contracts(copy.contracts))
    for event_types in (None, SHIPPED):
        with pytest.raises(
            VersionRetired, match=r"^Major version 1 of order.shipped was retired; ask for majorVersion=2\.$"
        ):
            known.of_reader(event_types, 1)
    assert known.of_reader(CANCELLED, 1) == known.of_reader(None, 2) == known.of_reader(None, None) == ()


def test_the_data_name_the_days_and_the_successor() -> None:
    assert ENDS.data == {
        "eventType": "order.shipped",
        "majorVersion": 1,
        "deprecatedOn": "2027-01-01",
        "sunsetOn": "2027-07-01",
        "successor": 2,
    }
