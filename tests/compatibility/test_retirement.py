"""A version ends with notice, and once it has ended its folder may be removed."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import pytest

from app.compatibility import release
from app.compatibility.released.baseline import read_baseline
from app.compatibility.released.release_dates import DATES
from app.specification.errors import InvalidContract
from app.specification.version import Step
from tests.compatibility.released_contract import ReleasedContract, move, put

ROOT = Path(__file__).parents[2]
RELEASED_ON = date(2027, 1, 1)  # of each version that the fixture has released
SOON, ENOUGH = "2027-03-31", "2027-04-01"  # 89 and 90 days later
TYPE, OLD = "order.shipped", "1.0.0"
LAST_OF_ALL = date(2027, 12, 31)


def announce(contract: ReleasedContract, sunset: str = ENOUGH) -> None:
    contract.deprecate(TYPE, OLD, sunsetOn=sunset)
    assert release(contract.root, RELEASED_ON).findings == ()


def test_every_released_schema_of_the_repository_has_the_day_of_its_release() -> None:
    baseline = read_baseline(ROOT)
    assert baseline is not None
    assert {name: set(versions) for name, versions in baseline.dates.items()} == {
        name: set(versions) for name, versions in baseline.digests.items()
    }


@pytest.mark.parametrize(("sunset", "rules"), [(SOON, ["sunset-too-soon"]), (ENOUGH, [])])
def test_a_sunset_comes_90_days_after_the_release_of_the_successor(
    released: ReleasedContract, sunset: str, rules: list[str]
) -> None:
    released.deprecate(TYPE, OLD, deprecatedOn="2026-01-01", sunsetOn=sunset)
    assert released.rules(LAST_OF_ALL) == rules


def test_the_finding_names_the_successor_and_the_first_possible_day(released: ReleasedContract) -> None:
    released.deprecate(TYPE, OLD, deprecatedOn="2026-01-01", sunsetOn=SOON)
    (finding,) = released.check(LAST_OF_ALL).findings
    assert finding.place == f"contracts/{TYPE}/{OLD}/deprecated.json at /sunsetOn"
    assert finding.change.endswith("2027-03-31 is less than 90 days after the release of 1.1.0, on 2027-01-01")
    assert "2027-04-01 or later" in finding.fix


def test_a_successor_that_is_deprecated_itself_does_not_count(released: ReleasedContract) -> None:
    released.deprecate(TYPE, OLD, sunsetOn=ENOUGH)
    released.deprecate(TYPE, "1.1.0")
    _, newest = released.add_version(TYPE, put("description", value="Other words."), Step.PATCH)
    released.deprecate(TYPE, "1.2.0")
    released.edit_document(move(Step.MINOR))
    today = date(2027, 2, 1)  # on which the new version would be released
    assert released.rules(today) == ["sunset-too-soon"]
    assert f"the release of {newest}, on {today}" in released.check(today).findings[0].change
    released.deprecate(TYPE, OLD, sunsetOn=str(today + timedelta(90)))
    assert released.rules(today) == []


def test_a_sunset_without_a_successor_comes_90_days_after_the_deprecation(released: ReleasedContract) -> None:
    for version in ("1.0.0", "1.1.0", "1.2.0"):
        released.deprecate(TYPE, version, deprecatedOn="2027-02-01", sunsetOn="2027-05-01")
    assert "less than 90 days after the version was deprecated" in released.check(LAST_OF_ALL).findings[0].change
    for version in ("1.0.0", "1.1.0", "1.2.0"):
        released.deprecate(TYPE, version, deprecatedOn="2027-02-01", sunsetOn="2027-05-02")
    assert "sunset-too-soon" not in released.rules(LAST_OF_ALL)


def test_an_announced_sunset_is_never_moved_forward(released: ReleasedContract) -> None:
    announce(released, "2027-08-01")
    assert released.rules(RELEASED_ON) == []
    released.deprecate(TYPE, OLD, sunsetOn="2027-07-31")
    assert released.rules(RELEASED_ON) == ["sunset-moved"]
    released.deprecate(TYPE, OLD, sunsetOn="2027-08-02")
    assert released.rules(RELEASED_ON) == []


def test_a_version_may_be_removed_from_its_sunset_on_and_not_a_day_before(released: ReleasedContract) -> None:
    announce(released)
    released.remove_version(TYPE, OLD)
    released.edit_document(move(Step.MINOR))
    assert released.rules(date(2027, 3, 31)) == ["enum-value-removed", "released-schema-removed"]
    assert released.rules(date(2027, 4, 1)) == []
    assert release(released.root, date(2027, 4, 1)).findings == ()
    dates = json.loads((released.root / DATES).read_text())
    assert dates[TYPE][OLD] == {"releasedOn": "2027-01-01", "sunsetOn": ENOUGH}


def test_a_sunset_that_was_not_released_removes_nothing(released: ReleasedContract) -> None:
    released.deprecate(TYPE, OLD, sunsetOn="2027-04-01")
    released.remove_version(TYPE, OLD)
    released.edit_document(move(Step.MAJOR))
    assert released.rules(LAST_OF_ALL) == ["released-schema-removed"]


def test_a_release_without_dates_counts_from_today(released: ReleasedContract) -> None:
    (released.root / DATES).unlink()
    released.deprecate(TYPE, OLD, sunsetOn="2027-05-01")
    assert released.rules(date(2027, 2, 1)) == ["sunset-too-soon"]
    assert released.rules(date(2027, 1, 31)) == []


def test_a_consumer_of_what_ends_is_named(released: ReleasedContract) -> None:
    consumer = {"consumer": "billing", "reads": [{"eventType": TYPE, "majorVersion": 1, "accepts": [{}]}]}
    consumer["reads"][0]["accepts"] = [{"orderId": "or_1", "when": "2024-05-01T10:00:00Z"}]  # type: ignore[index]
    (released.copy.contracts / "consumers" / "billing.json").write_text(json.dumps(consumer))
    for version in ("1.0.0", "1.1.0"):
        released.deprecate(TYPE, version, sunsetOn="2027-08-01")
    assert released.rules(RELEASED_ON) == []
    released.deprecate(TYPE, "1.2.0", sunsetOn="2027-09-01")
    named = [each for each in released.check(RELEASED_ON).findings if each.rule == "consumer-major-version-ends"]
    assert any(each.change == "the consumer billing reads order.shipped 1, which ends on 2027-09-01" for each in named)


@pytest.mark.parametrize("content", ["[]", '{"order.shipped": {"1.0.0": {"sunsetOn": "2027-01-01"}}}'])
def test_dates_that_are_wrong_are_refused(released: ReleasedContract, content: str) -> None:
    (released.root / DATES).write_text(content)
    with pytest.raises(InvalidContract, match=r"released-dates\.json: "):
        released.check()
