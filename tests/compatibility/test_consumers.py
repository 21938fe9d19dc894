"""A change that would break a registered consumer fails the gate, and the finding names the consumer."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from app.client.protocol.reading import _FINAL_REASONS
from app.compatibility import Finding, check
from app.compatibility.consumer_files import read_consumers
from app.compatibility.consumers import check_consumers
from app.compatibility.released.baseline import Baseline
from app.compatibility.released.schema_files import read_schema_files
from app.specification.errors import InvalidContract
from app.specification.version import Step
from tests.compatibility.released_contract import Edit, ReleasedContract, add, both, drop, put

ROOT = Path(__file__).parents[2]


def about_consumers(contract: ReleasedContract) -> list[Finding]:
    return [finding for finding in contract.check().findings if finding.rule.startswith("consumer-")]


def test_the_repositorys_schemas_give_its_consumers_what_they_rely_on() -> None:
    consumers = read_consumers(ROOT)
    assert [consumer.name for consumer in consumers] == ["dashboard", "tail"]
    assert list(check_consumers(consumers, read_schema_files(ROOT / "contracts"), Baseline())) == []


def test_tail_lists_the_closing_reasons_at_which_it_ends() -> None:
    (tail,) = (consumer for consumer in read_consumers(ROOT) if consumer.name == "tail")
    (closing,) = (read for read in tail.reads if read["eventType"] == "stream.closing")
    assert {data["reason"] for data in closing["accepts"]} == _FINAL_REASONS


BREAKS: dict[str, tuple[str, Edit, set[tuple[str, str, str]]]] = {
    "a property that is gone": (
        "order.cancelled",
        drop("properties", "reason"),
        {
            ("consumer-pointer-removed", "dashboard", "/reads/1/optional/0"),
            ("consumer-example-refused", "dashboard", "/reads/1/accepts/1"),
            ("consumer-example-refused", "tail", "/reads/1/accepts/0"),
        },
    ),
    "a property that need not be there": (
        "order.shipped",
        put("required", value=["orderId"]),
        {("consumer-pointer-optional", "dashboard", "/reads/0/required/1")},
    ),
    "another required property": (
        "order.shipped",
        both(put("properties", "courier", value={"type": "string"}), add("required", value="courier")),
        {
            ("consumer-example-refused", "dashboard", "/reads/0/accepts/0"),
            ("consumer-example-refused", "tail", "/reads/0/accepts/0"),
        },
    ),
    "a reason that is gone": (
        "stream.closing",
        put("properties", "reason", "enum", value=["drain", "end", "unavailable"]),
        {("consumer-example-refused", "tail", "/reads/3/accepts/0")},
    ),
    "a new optional property": ("order.shipped", put("properties", "courier", value={"type": "string"}), set()),
}


@pytest.mark.parametrize(("event_type", "edit", "expected"), BREAKS.values(), ids=BREAKS.keys())
def test_consumer_that_a_change_would_break_is_named(
    released: ReleasedContract, event_type: str, edit: Edit, expected: set[tuple[str, str, str]]
) -> None:
    before, now = released.add_version(event_type, edit)
    found = about_consumers(released)
    assert {(finding.rule, name_of(finding), finding.place.partition(" at ")[2]) for finding in found} == expected
    for finding in found:
        assert f"the consumer {name_of(finding)} " in finding.change
        assert (finding.before, finding.now) == (before, now)
        assert name_of(finding) in finding.fix


def name_of(finding: Finding) -> str:
    return Path(finding.place.partition(" at ")[0]).stem


def test_missing_pointer_is_named(released: ReleasedContract) -> None:
    released.add_version("order.cancelled", drop("properties", "reason"))
    (finding,) = (each for each in about_consumers(released) if each.rule == "consumer-pointer-removed")
    assert finding.change == "the consumer dashboard reads /reason, which order.cancelled does not have"


def test_consumer_of_a_removed_event_type_is_named(released: ReleasedContract) -> None:
    newest = str(released.newest("order.shipped"))
    shutil.rmtree(released.copy.contracts / "order.shipped")
    found = about_consumers(released)
    assert [(finding.rule, finding.place) for finding in found] == [
        ("consumer-event-type", "contracts/consumers/dashboard.json at /reads/0/eventType"),
        ("consumer-event-type", "contracts/consumers/tail.json at /reads/0/eventType"),
    ]
    assert {(finding.before, finding.now) for finding in found} == {(newest, "gone")}


def test_consumer_of_a_removed_major_version_is_named(released: ReleasedContract) -> None:
    folder = released.copy.contracts / "order.shipped"
    for version in list(folder.iterdir()):
        version.rename(folder / f"9{version.name}")
    assert {finding.rule for finding in about_consumers(released)} == {"consumer-major-version"}


def test_another_major_version_breaks_no_consumer_of_the_first(released: ReleasedContract) -> None:
    released.add_version("order.shipped", drop("properties", "when"), Step.MAJOR)
    assert about_consumers(released) == []


def write_consumer(contract: ReleasedContract, **members: Any) -> None:
    read = {
        "eventType": "order.shipped",
        "majorVersion": 1,
        "accepts": [{"orderId": "a", "when": "2024-05-01T10:00:00Z"}],
    }
    content = {"consumer": "shop", "reads": [{**read, **members.pop("read", {})}], **members}
    (contract.copy.contracts / "consumers" / "shop.json").write_text(json.dumps(content))


def test_new_consumer_contract_is_checked_from_then_on(released: ReleasedContract) -> None:
    write_consumer(released, read={"required": ["/orderId"], "optional": ["/courier"]})
    (finding,) = about_consumers(released)
    assert finding.place == "contracts/consumers/shop.json at /reads/0/optional/0"


def test_finding_names_the_major_version_if_nothing_is_released(released: ReleasedContract) -> None:
    write_consumer(released, read={"eventType": "order.lost"})
    (finding,) = about_consumers(released)
    assert (finding.before, finding.now) == ("1.x", "gone")


@pytest.mark.parametrize(
    ("members", "line"),
    [
        ({"consumer": "other"}, "the file must have the name of its consumer, other.json."),
        ({"owner": "me"}, "this must not have the property 'owner'."),
        ({"reads": []}, "/reads must have at least 1 item."),
        ({"read": {"required": ["orderId"]}}, "/reads/0/required/0 must match the pattern"),
        ({"read": {"accepts": []}}, "/reads/0/accepts must have at least 1 item."),
        ({"read": {"majorVersion": "1"}}, "/reads/0/majorVersion must be an integer."),
    ],
)
def test_consumer_contract_is_refused_with(released: ReleasedContract, members: dict[str, Any], line: str) -> None:
    write_consumer(released, **members)
    with pytest.raises(InvalidContract) as refused:
        check(released.root)
    assert "shop.json: " in refused.value.detail
    assert line in refused.value.detail


def test_contract_without_consumers_is_checked(released: ReleasedContract) -> None:
    shutil.rmtree(released.copy.contracts / "consumers")
    assert released.rules() == []
