"""Every table that does not hold for all events is refused when the contract is loaded, in one line that names its file."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.specification.contracts import load_contracts
from app.specification.errors import InvalidContract
from tests.support import order_shipped_2 as shipped
from tests.support.contract_copy import ROOT

Edit = Callable[[Any], object]
"""Change the content of a file in place."""

OLDER = ("1.0.0", "1.1.0", "1.2.0")
PLACE = Path("order.shipped") / shipped.VERSION


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tables") / "contracts"
    for version in OLDER:
        shutil.copytree(ROOT / "contracts" / "order.shipped" / version, folder / "order.shipped" / version)
    shipped.write_order_shipped_2(folder)
    return folder


@pytest.fixture
def folder(pristine: Path, tmp_path: Path) -> Path:
    return shutil.copytree(pristine, tmp_path / "contracts")


def edit(folder: Path, name: str, change: Edit) -> None:
    path = folder / PLACE / name
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def write(folder: Path, name: str, content: object) -> None:
    (folder / PLACE / name).write_text(json.dumps(content))


def steps(*added: object, at: int = 99) -> Edit:
    """Return an edit that adds steps to a table, by default after the others."""
    return lambda table: table["steps"].__setitem__(slice(at, at), added)


def without(*numbers: int) -> Edit:
    """Return an edit that takes steps out of a table; the first one has the number 1."""
    return lambda table: [table["steps"].pop(number - 1) for number in sorted(numbers, reverse=True)]


def part(name: str, **changed: object) -> Edit:
    """Return an edit that changes a property of a schema."""
    return lambda schema: schema["properties"].setdefault(name, {}).update(changed)


def remove_example(folder: Path, name: str) -> None:
    for path in (folder / PLACE / "down").glob(f"{name}.*"):
        path.unlink()


def copy_version(folder: Path, version: str, to: str) -> None:
    shutil.copytree(folder / "order.shipped" / version, folder / "order.shipped" / to)


def test_tables_that_hold_are_accepted(folder: Path) -> None:
    assert load_contracts(folder).majors == (1, 2)


FILES: dict[str, tuple[Callable[[Path], object], str]] = {
    "no table down": (lambda at: (at / PLACE / "down.json").unlink(), "2.0.0/down.json: the file cannot be read"),
    "no table up": (lambda at: (at / PLACE / "up.json").unlink(), "2.0.0/up.json: the file cannot be read"),
    "no examples": (lambda at: shutil.rmtree(at / PLACE / "down"), "2.0.0/down: the folder cannot be read"),
    "a table without its version": (
        lambda at: write(at, "down.json", {"steps": []}),
        'down.json: this must be {"to": VERSION, "steps": [STEP, …]}',
    ),
    "an example that does not come down alone": (
        lambda at: (at / PLACE / "down" / "least.after.json").unlink(),
        "down/least.after.json: the file cannot be read",
    ),
    "an example of no table": (
        lambda at: write(at, "down/notes.json", {}),
        "down/notes.json: an example of down.json is NAME.before.json or NAME.after.json.",
    ),
    "an example that is not valid": (
        lambda at: write(at, "down/least.before.json", {"orderId": "or_1"}),
        "down/least.before.json: the example is not valid: its root must have the property 'shippedAt'.",
    ),
    "an example that should come down as what is not valid": (
        lambda at: write(at, "down/least.after.json", {"orderId": "or_1"}),
        "down/least.after.json: the example is not valid: its root must have the property 'when'.",
    ),
    "an example that comes down otherwise": (
        lambda at: write(at, "down/most.after.json", shipped.LEAST_SEEN),
        'down/most.after.json: down.json makes other data: {"orderId": "or_1", "when"',
    ),
    "no example with an optional value": (
        lambda at: remove_example(at, "most"),
        "2.0.0/down: an example with /parcel/carrier is missing.",
    ),
    "no example without an optional value": (
        lambda at: remove_example(at, "least"),
        "2.0.0/down: an example without /parcel/carrier is missing.",
    ),
    "a new minor of the older major": (
        lambda at: copy_version(at, "1.2.0", "1.3.0"),
        "2.0.0/up.json: events go up from 1.2.0, but the newest version of that major is 1.3.0; add a version after 2.0.0",
    ),
    "a third major that leaves the second one out": (
        lambda at: copy_version(at, "2.0.0", "3.0.0"),
        "3.0.0/down.json: 1.2.0 is no version of major 2, to which events come down.",
    ),
}

DOWN: dict[str, tuple[Edit, str]] = {
    "an unknown version": (lambda table: table.update(to="1.9.0"), "1.9.0 is no version of major 1"),
    "its own version": (lambda table: table.update(to="2.0.0"), "2.0.0 is no version of major 1"),
    "another version than up.json": (
        lambda table: table.update(to="1.1.0"),
        "up.json: events go up from 1.2.0, but come down to 1.1.0.",
    ),
    "a word for a step": (steps("drop"), "step 7 is none: a step is"),
    "two steps in one": (steps({"drop": "/a", "move": "/b", "to": "/c"}), "step 7 is none"),
    "a step with a comment": (steps({"drop": "/a", "why": "old"}), "step 7 is none"),
    "no pointer": (steps({"drop": "parcel"}), "step 7 is none"),
    "a pointer to everything": (steps({"drop": ""}), "step 7 is none"),
    "a pointer with a wrong escape": (steps({"drop": "/a~2"}), "step 7 is none"),
    "a place that is not there": (steps({"drop": "/weight"}), "step 7 names /weight, which is not there."),
    "a place that is there no more": (steps({"drop": "/parcel"}), "step 7 names /parcel, which is not there."),
    "a move to another value": (
        steps({"move": "/service", "to": "/shippedAt"}, at=0),
        "step 1 moves to /shippedAt, where there is a value already.",
    ),
    "a value in no object": (steps({"set": "/box/size", "value": 1}), "step 7 sets /box/size, but there is no object"),
    "a place in a text": (
        steps({"drop": "/service/name"}, at=0),
        "step 1 leads into a value that is not a closed object",
    ),
    "a place in a text that is set": (
        steps({"set": "/box", "value": "big"}, {"move": "/service", "to": "/box/kind"}, at=0),
        "step 2 leads into a value that is not a closed object",
    ),
    "a place in an object that is set where there may be one": (
        steps({"set": "/parcel", "value": {"carrier": "DHL"}}, {"drop": "/parcel/carrier"}, at=0),
        "step 2 leads into an object that is set where there may be one; set {} there, and then each member.",
    ),
    "a value that is moved into an object that is set": (
        steps({"set": "/box", "value": {"size": 1}}, {"move": "/carrier", "to": "/box/kind"}),
        "what comes out may be refused by 1.2.0, at /box (additionalProperties).",
    ),
    "a moved key": (
        steps({"move": "/orderId", "to": "/order"}),
        "step 7 touches /orderId; readers filter by keys and owners",
    ),
    "a key moved to": (steps({"move": "/service", "to": "/orderId"}, at=0), "step 1 touches /orderId"),
    "a key that is set": (steps({"set": "/orderId", "value": "or_1"}), "step 7 touches /orderId"),
    "an owner that is left out": (steps({"drop": "/merchantId"}), "step 7 touches /merchantId"),
    "an owner that is mapped": (
        steps({"map": "/merchantId", "values": {}, "else": "m_2"}),
        "step 7 touches /merchantId",
    ),
    "a required value too few": (without(1), "what comes out may be refused by 1.2.0, at /when (required)."),
    "a value too many": (without(5), "what comes out may be refused by 1.2.0, at /warehouse (additionalProperties)."),
    "a value of another kind": (
        lambda table: (
            table["steps"].__setitem__(0, {"move": "/service", "to": "/when"})
            or table["steps"].__setitem__(5, {"drop": "/shippedAt"})
        ),
        "what comes out may be refused by 1.2.0, at /when (enum).",
    ),
    "a constant that is too long": (
        steps({"set": "/carrier", "value": "x" * 101}),
        "what comes out may be refused by 1.2.0, at /carrier (enum).",
    ),
    "a text without a value": (
        lambda table: (
            table["steps"].insert(0, {"map": "/service", "values": {"standard": "s", "express": "e"}})
            or table["steps"].__setitem__(6, {"move": "/service", "to": "/carrier"})
            or table["steps"].pop(2)
        ),
        "a step has no value for 'unknown'.",
    ),
    "any text without a value": (
        steps({"map": "/carrier", "values": {"DHL": "Deutsche Post"}}),
        'a step maps a text that may be any, so it needs an "else".',
    ),
    "an object that is mapped": (
        lambda table: table["steps"].__setitem__(
            slice(1, 4), [{"map": "/parcel", "values": {}, "else": "x"}, {"move": "/parcel", "to": "/carrier"}]
        ),
        "down.json: a step maps a value that is not always a text.",
    ),
    "a value that is lost on the way up and down": (
        lambda table: table["steps"].__setitem__(2, {"drop": "/parcel/trackingNumber"}),
        "what up.json makes of an event of 1.2.0 does not come down as it was: /trackingNumber may change.",
    ),
    "a value that is added on the way up and down": (
        steps({"set": "/carrier", "value": "unknown"}),
        "does not come down as it was: /carrier may change.",
    ),
}

UP: dict[str, tuple[Edit, str]] = {
    "a required value too few": (without(4), "what comes out may be refused by 2.0.0, at /service (required)."),
    "a value that 2.0.0 refuses": (
        lambda table: table["steps"][3].update(value="slow"),
        "what comes out may be refused by 2.0.0, at /service (enum).",
    ),
    "a value that is left out": (
        lambda table: table["steps"].__setitem__(1, {"drop": "/carrier"}),
        "down.json: what up.json makes of an event of 1.2.0 does not come down as it was: /carrier may change.",
    ),
    "an object that is set where there may be one": (
        steps({"set": "/parcel", "value": {"carrier": "none"}}),
        "down.json: a step leads into an object that is set where there may be one; set {} there, and then each member, in what up.json",
    ),
    "values that change places": (
        lambda table: table.update(
            steps=[
                {"move": "/when", "to": "/shippedAt"},
                {"move": "/carrier", "to": "/warehouse"},
                {"drop": "/trackingNumber"},
                {"set": "/service", "value": "unknown"},
            ]
        ),
        "what comes out may be refused by 2.0.0, at /warehouse (maxLength).",
    ),
}

SCHEMAS: dict[str, tuple[Edit, str]] = {
    "a longer carrier": (
        lambda schema: schema["properties"]["parcel"]["properties"]["carrier"].update(maxLength=200),
        "down.json: what comes out may be refused by 1.2.0, at /carrier (maxLength).",
    ),
    "a shorter carrier": (
        lambda schema: schema["properties"]["parcel"]["properties"]["carrier"].update(maxLength=50),
        "up.json: what comes out may be refused by 2.0.0, at /parcel/carrier (maxLength).",
    ),
    "an open parcel": (
        part("parcel", additionalProperties=True),
        "down.json: step 2 leads into a value that is not a closed object with a list of properties alone.",
    ),
    "a rule beside the properties": (
        lambda schema: schema.update(maxProperties=9),
        "down.json: the schema of the event must be a closed object, described by its properties alone.",
    ),
}


@pytest.mark.parametrize(("spoil", "line"), FILES.values(), ids=FILES.keys())
def test_the_start_is_refused_by(folder: Path, spoil: Callable[[Path], object], line: str) -> None:
    spoil(folder)
    assert line in refusal(folder)


@pytest.mark.parametrize(("change", "line"), DOWN.values(), ids=DOWN.keys())
def test_the_table_down_is_refused_because_of(folder: Path, change: Edit, line: str) -> None:
    edit(folder, "down.json", change)
    assert line in refusal(folder)


@pytest.mark.parametrize(("change", "line"), UP.values(), ids=UP.keys())
def test_the_table_up_is_refused_because_of(folder: Path, change: Edit, line: str) -> None:
    edit(folder, "up.json", change)
    assert line in refusal(folder)


@pytest.mark.parametrize(("change", "line"), SCHEMAS.values(), ids=SCHEMAS.keys())
def test_the_tables_are_refused_for_a_schema_with(folder: Path, change: Edit, line: str) -> None:
    edit(folder, "schema.json", change)
    assert line in refusal(folder)


def refusal(folder: Path) -> str:
    with pytest.raises(InvalidContract) as refused:
        load_contracts(folder)
    assert refused.value.detail.startswith(str(folder))
    assert "\n" not in refused.value.detail
    return refused.value.detail


def test_an_older_minor_that_allows_more_than_the_newest_one_is_refused(folder: Path) -> None:
    path = folder / "order.shipped" / "1.1.0" / "schema.json"
    schema = json.loads(path.read_text())
    schema["properties"]["carrier"]["maxLength"] = 101
    path.write_text(json.dumps(schema))
    (path.parent / "examples" / "invalid-long-carrier.json").unlink()
    assert "up.json: 1.1.0 allows events that 1.2.0 may refuse, at /carrier (maxLength)." in refusal(folder)


def test_the_tables_of_the_oldest_major_are_not_read(folder: Path) -> None:
    for version in OLDER:
        shutil.rmtree(folder / "order.shipped" / version)
    assert load_contracts(folder).majors == (2,)
