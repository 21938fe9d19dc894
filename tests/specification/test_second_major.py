"""A second major version of an event type: what readers of each major see, and in what form events are stored."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from app.specification.contracts import Contracts, load_contracts
from app.specification.conversion.reading import AS_STORED, Readings
from app.specification.conversion.table import Drop, Move, Set, Table
from app.specification.conversion.table_pair import TablePair
from app.specification.conversion.template import optional_places
from app.specification.document import load_document
from app.specification.errors import InvalidContract
from app.specification.version import Version
from tests.support import order_shipped_2 as shipped
from tests.support.contract_copy import ROOT, ContractCopy

SHIPPED = "order.shipped"


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> ContractCopy:
    copy = ContractCopy(tmp_path_factory.mktemp("major") / "contract")
    shipped.add_order_shipped_2(copy)
    return copy


@pytest.fixture(scope="module")
def contracts(copy: ContractCopy) -> Contracts:
    return load_contracts(copy.contracts)


def text(data: Any) -> str:
    return json.dumps(data, separators=(",", ":"))


def test_a_type_with_one_major_is_seen_as_it_is_stored() -> None:
    one = load_contracts(ROOT / "contracts")
    assert {one.reading(pin) for pin in (None, 1, 2)} == {AS_STORED}
    assert AS_STORED.seen(SHIPPED, "1.2.0", "{}") == ("1.2.0", "{}")
    assert one.stored_form(SHIPPED, "1.0.0").is_identity


def test_a_pin_is_the_greatest_major_that_is_not_greater_and_none_is_the_oldest(contracts: Contracts) -> None:
    first, second = contracts.reading(1), contracts.reading(2)
    assert first is not second
    assert contracts.reading(None) is contracts.reading(0) is first
    assert contracts.reading(3) is second
    assert (first.majors, second.majors) == ({SHIPPED: 1}, {SHIPPED: 2})


@pytest.mark.parametrize(("before", "after"), [(shipped.LEAST, shipped.LEAST_SEEN), (shipped.MOST, shipped.MOST_SEEN)])
def test_readers_of_the_older_major_see_events_of_the_newer_one(contracts: Contracts, before: Any, after: Any) -> None:
    seen = contracts.reading(1).seen(SHIPPED, "2.0.0", text(before))
    assert seen == ("1.2.0", text(after))
    assert contracts.reading(1).converts(SHIPPED, "2.0.0")


def test_readers_of_the_newer_major_see_stored_events_of_the_older_one(contracts: Contracts) -> None:
    for version in ("1.0.0", "1.1.0", "1.2.0"):
        least = contracts.reading(2).seen(SHIPPED, version, text(shipped.LEAST_SEEN))
        assert least == ("2.0.0", text({**shipped.LEAST, "service": "unknown"}))
    assert contracts.reading(2).seen(SHIPPED, "1.2.0", text(shipped.MOST_SEEN)).data == text(shipped.MOST_RAISED)


def test_events_of_the_major_that_is_read_stay_as_they_are(contracts: Contracts) -> None:
    for major, version in ((1, "1.0.0"), (1, "1.2.0"), (2, "2.0.0"), (2, "2.7.0"), (1, "7.0.0")):
        assert contracts.reading(major).seen(SHIPPED, version, "as it is") == (version, "as it is")
        assert not contracts.reading(major).converts(SHIPPED, version)
    assert contracts.reading(1).seen("order.lost", "2.0.0", "{}") == ("2.0.0", "{}")


def test_an_unknown_minor_comes_down_like_the_newest_known_one(contracts: Contracts) -> None:
    newer = {**shipped.MOST, "weight": 3}
    assert contracts.reading(1).seen(SHIPPED, "2.9.0", text(newer)) == ("1.2.0", text(shipped.MOST_SEEN))


def test_the_stored_form_is_of_the_newest_major_and_comes_down_as_it_was(contracts: Contracts) -> None:
    form = contracts.stored_form(SHIPPED, "1.1.0")
    data: dict[str, Any] = dict(shipped.MOST_SEEN)
    raised = form.convert(data)
    assert (form.version, raised) == ("2.0.0", shipped.MOST_RAISED)
    assert data == shipped.MOST_SEEN
    assert contracts.reading(1).seen(SHIPPED, form.version, text(raised)).data == text(data)
    assert contracts.stored_form(SHIPPED, "2.0.0").is_identity


def test_optional_places_are_those_of_the_event_before_it_comes_down() -> None:
    """A step may name a place in what earlier steps have made: examples are asked for the value that it was made of."""
    schema = {**shipped.SCHEMA, "required": ["orderId"]}
    steps = (
        Move(("service",), ("carrier",)),
        Move(("parcel",), ("service",)),
        Drop(("service", "carrier")),
        Set(("warehouse",), "B"),
    )
    table = Table(Path("down.json"), Version(1, 2, 0), steps)
    assert optional_places(table, schema) == [("service",), ("parcel",), ("parcel", "carrier"), ("warehouse",)]


def test_pins_between_the_majors_of_several_types_see_the_same() -> None:
    third = Version(3, 0, 0)

    def tables(older: Version) -> dict[Version, TablePair | None]:
        table = Table(Path("down.json"), older, ())
        return {older: None, third: TablePair(older, dict, dict, table, table)}

    readings = Readings({"a.b": tables(Version(1, 0, 0)), "c.d": tables(Version(2, 0, 0)), "e.f": {third: None}})
    assert readings.of(None) is readings.of(1) is readings.of(2)
    assert (readings.of(2).majors, readings.of(3).majors) == ({"a.b": 1, "c.d": 2}, {"a.b": 3, "c.d": 3})
    assert readings.newest is readings.of(9) is readings.of(3)


def test_the_document_accepts_the_new_major(copy: ContractCopy, contracts: Contracts) -> None:
    document = load_document(copy.root, contracts)
    assert document.bundled["components"]["schemas"]["MajorVersion"]["enum"] == [1, 2]


def test_the_document_must_have_a_component_for_each_major(contracts: Contracts, tmp_path: Path) -> None:
    other = ContractCopy(tmp_path / "contract")
    shipped.add_order_shipped_2(other)
    other.replace(r"^    OrderShippedV2:\n.*\n", "")
    with pytest.raises(InvalidContract, match=r"no component refers to version 2\.0\.0 of 'order\.shipped'"):
        load_document(other.root, contracts)


def test_the_tables_in_the_readme_are_those_that_the_tests_prove() -> None:
    blocks = re.findall(r"```json\n(.*?)```", (ROOT / "contracts" / "README.md").read_text(), re.DOTALL)
    assert [json.loads(each) for each in blocks] == [shipped.DOWN, shipped.UP]


def add_version(folder: Path, version: str, base: str, files: dict[str, Any]) -> None:
    """Copy a version of the event type to another one, and write other files there."""
    shutil.copytree(folder / SHIPPED / base, folder / SHIPPED / version)
    for name, content in files.items():
        path = folder / SHIPPED / version / name
        path.write_text(json.dumps(content))


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Contracts:
    """Return contracts with a third major version, in which the time has another name again."""
    folder = ContractCopy(tmp_path_factory.mktemp("majors") / "contract").contracts
    shipped.write_order_shipped_2(folder)
    parts = {"at" if name == "shippedAt" else name: part for name, part in shipped.SCHEMA["properties"].items()}
    schema = {**shipped.SCHEMA, "required": ["orderId", "at", "service"], "properties": parts}
    files = {f"examples/valid-{name}.json": at(data) for name, data in EVENTS.items()}
    files |= {f"down/{name}.before.json": at(data) for name, data in EVENTS.items()}
    files |= {f"down/{name}.after.json": data for name, data in EVENTS.items()}
    tables = {
        "down.json": {"to": "2.0.0", "steps": [{"move": "/at", "to": "/shippedAt"}]},
        "up.json": {"from": "2.0.0", "steps": [{"move": "/shippedAt", "to": "/at"}]},
    }
    add_version(folder, "3.0.0", "2.0.0", {"schema.json": schema, **files, **tables})
    return load_contracts(folder)


EVENTS: dict[str, Any] = {"least": shipped.LEAST, "most": shipped.MOST}


def at(data: dict[str, Any]) -> dict[str, Any]:
    return {"at" if name == "shippedAt" else name: value for name, value in data.items()}


def test_events_come_down_and_go_up_over_several_majors(chain: Contracts) -> None:
    newest = text(at(shipped.MOST))
    assert chain.majors == (1, 2, 3)
    assert chain.reading(1).seen(SHIPPED, "3.0.0", newest) == ("1.2.0", text(shipped.MOST_SEEN))
    assert chain.reading(2).seen(SHIPPED, "3.0.0", newest) == ("2.0.0", text(shipped.MOST))
    assert chain.reading(2).seen(SHIPPED, "1.0.0", text(shipped.LEAST_SEEN)).schema_version == "2.0.0"
    form = chain.stored_form(SHIPPED, "1.2.0")
    raised = form.text(text(shipped.MOST_SEEN))
    assert (form.version, raised) == ("3.0.0", text(at(shipped.MOST_RAISED)))
    assert chain.reading(1).seen(SHIPPED, form.version, raised).data == text(shipped.MOST_SEEN)


def test_a_new_minor_of_the_older_major_has_a_way_up_by_a_new_minor_of_the_newer_one(tmp_path: Path) -> None:
    folder = ContractCopy(tmp_path / "contract").contracts
    shipped.write_order_shipped_2(folder)
    add_version(folder, "1.3.0", "1.2.0", {})
    tables = {"down.json": {**shipped.DOWN, "to": "1.3.0"}, "up.json": {**shipped.UP, "from": "1.3.0"}}
    add_version(folder, "2.1.0", "2.0.0", tables)
    contracts = load_contracts(folder)
    assert contracts.stored_form(SHIPPED, "1.0.0").version == "2.1.0"
    assert contracts.stored_form(SHIPPED, "2.0.0") == ("2.0.0", ())
    seen = [contracts.reading(1).conversion(SHIPPED, each).version for each in ("2.0.0", "2.1.0", "1.0.0")]
    assert seen == ["1.2.0", "1.3.0", "1.0.0"]


GIFT: dict[str, Any] = {"type": "string", "maxLength": 40}
PARCEL = {"carrier": "DHL", "trackingNumber": "X1"}
MOVE_GIFT = {"move": "/gift", "to": "/parcel/gift"}


def with_gift(contracts: Path, steps: list[dict[str, Any]]) -> Contracts:
    """Add 1.3.0, which has a gift, and 2.1.0, which has it in the parcel and goes up by these steps; load them."""
    shipped.write_order_shipped_2(contracts)
    older = json.loads((contracts / SHIPPED / "1.2.0" / "schema.json").read_text())
    add_version(contracts, "1.3.0", "1.2.0", {"schema.json": _with_property(older, "gift")})
    parcel = _with_property(shipped.SCHEMA["properties"]["parcel"], "gift")
    schema = {**shipped.SCHEMA, "properties": {**shipped.SCHEMA["properties"], "parcel": parcel}}
    down = {"to": "1.3.0", "steps": [{"move": "/parcel/gift", "to": "/gift"}, *shipped.DOWN["steps"]]}
    given: dict[str, Any] = {**shipped.MOST, "parcel": {**PARCEL, "gift": "a card"}}
    examples = {"down/gift.before.json": given}
    examples["down/gift.after.json"] = {**shipped.MOST_SEEN, "gift": "a card"}
    tables = {"schema.json": schema, "down.json": down, "up.json": {"from": "1.3.0", "steps": steps}}
    add_version(contracts, "2.1.0", "2.0.0", {**tables, **examples})
    return load_contracts(contracts)


def _with_property(schema: dict[str, Any], name: str) -> dict[str, Any]:
    return {**schema, "properties": {**schema["properties"], name: GIFT}}


def test_a_new_minor_may_raise_what_is_new_in_the_older_major(tmp_path: Path) -> None:
    contracts = with_gift(ContractCopy(tmp_path / "contract").contracts, [MOVE_GIFT, *shipped.UP["steps"]])
    form = contracts.stored_form(SHIPPED, "1.2.0")
    assert (form.version, form.text(text(shipped.MOST_SEEN))) == ("2.1.0", text(shipped.MOST_RAISED))


@pytest.mark.parametrize(
    "steps",
    [
        [MOVE_GIFT, *shipped.UP["steps"][:-1], {"set": "/service", "value": "standard"}],
        [MOVE_GIFT, {"set": "/warehouse", "value": "A"}, *shipped.UP["steps"]],
    ],
)
def test_a_new_minor_must_not_change_what_events_of_the_older_major_have_become(
    tmp_path: Path, steps: list[dict[str, Any]]
) -> None:
    """A repetition of such an event would have other content than what is stored, and be refused as a conflict."""
    with pytest.raises(
        InvalidContract, match=r"2\.1\.0/up\.json: an event of 1\.2\.0 would become another one than by 2\.0\.0"
    ):
        with_gift(ContractCopy(tmp_path / "contract").contracts, steps)
