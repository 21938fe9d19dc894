"""What goes up and comes down again is the event that it was, or the place that may change is named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app.specification.conversion.outcome import outcome
from app.specification.conversion.round_trip import changed_place
from app.specification.conversion.table import Drop, Map, Move, Set, Step, Table
from app.specification.conversion.template import apply_table
from app.specification.version import Version

WORD = {"type": "string", "enum": ["x", "y"]}
TEXT = {"type": "string"}
SWAP = {"x": "y", "y": "x"}


def closed(*required: str, **parts: object) -> dict[str, Any]:
    return {"type": "object", "required": list(required), "properties": parts, "additionalProperties": False}


def moved(*places: str) -> Move:
    place, target = (tuple(each.split("/")) for each in places)
    return Move(place, target)


CASES: dict[str, tuple[dict[str, Any], list[Step], list[Step], str | None]] = {
    "nothing": (closed(a=TEXT), [], [], None),
    "a name": (closed(a=TEXT), [moved("a", "b")], [moved("b", "a")], None),
    "two names that change places": (
        closed("a", a=TEXT, b=TEXT),
        [moved("a", "c"), moved("b", "a"), moved("c", "b")],
        [moved("a", "c"), moved("b", "a"), moved("c", "b")],
        None,
    ),
    "two names that change places once": (
        closed("a", "b", a=TEXT, b=TEXT),
        [moved("a", "c"), moved("b", "a"), moved("c", "b")],
        [],
        "/a",
    ),
    "values in an object of their own": (
        closed(a=TEXT, b=TEXT),
        [moved("a", "o/a"), moved("b", "o/b")],
        [moved("o/a", "a"), moved("o/b", "b"), Drop(("o",))],
        None,
    ),
    "an object that is there if its value is": (
        closed(o=closed("a", a=TEXT)),
        [moved("o/a", "a"), Drop(("o",))],
        [moved("a", "o/a")],
        None,
    ),
    "an object that may be empty": (
        closed(o=closed(a=TEXT)),
        [moved("o/a", "a"), Drop(("o",))],
        [moved("a", "o/a")],
        "/o",
    ),
    "an object that is always there, and may be empty": (
        closed("o", o=closed(a=TEXT)),
        [moved("o/a", "a"), Drop(("o",))],
        [Set(("o",), {}), moved("a", "b")],
        "/o",
    ),
    "an object that is always there, and is set again": (
        closed("o", o=closed(a=TEXT)),
        [moved("o/a", "a"), Drop(("o",))],
        [Set(("o",), {}), moved("a", "o/a")],
        None,
    ),
    "an object that is set on the way up for what may be in it": (
        closed(a=TEXT),
        [Set(("o",), {}), moved("a", "o/a"), Set(("o", "b"), "x")],
        [moved("o/a", "a"), Drop(("o",))],
        None,
    ),
    "an object that is set on the way up and stays": (
        closed(a=TEXT),
        [Set(("o",), {"b": "x"}), moved("a", "o/a")],
        [moved("o/a", "a"), Drop(("o", "b"))],
        "/o",
    ),
    "a member of an object that is set where there was none": (
        closed(o=closed("a", a=TEXT)),
        [],
        [Set(("o",), {}), Drop(("o", "a"))],
        "/o",
    ),
    "a value that is set and left out": (closed(a=TEXT), [Set(("b",), 1)], [Drop(("b",))], None),
    "a value that is set where there was none": (closed(a=TEXT), [], [Set(("a",), "x")], "/a"),
    "a value that is set where there always is one": (closed("a", a=TEXT), [], [Set(("a",), "x")], None),
    "a value that becomes its default": (closed("a", a=TEXT), [Drop(("a",))], [Set(("a",), "x")], "/a"),
    "words that are mapped and mapped back": (
        closed(a=WORD),
        [Map(("a",), {"x": "1", "y": "2"}, ())],
        [Map(("a",), {"1": "x", "2": "y"}, ())],
        None,
    ),
    "words that change places twice": (closed(a=WORD), [Map(("a",), SWAP, ())], [Map(("a",), SWAP, ())], None),
    "words that change places once": (closed(a=WORD), [Map(("a",), SWAP, ())], [], "/a"),
    "words that become one": (
        closed(a=WORD),
        [Map(("a",), {}, ("1",))],
        [Map(("a",), {"1": "x"}, ())],
        "/a",
    ),
    "any text that is mapped": (
        closed(a=TEXT),
        [Map(("a",), {"x": "x"}, ("y",))],
        [],
        "/a",
    ),
    "a value that is new": (closed(a=TEXT), [Set(("b",), 1)], [], "/b"),
}


@pytest.mark.parametrize(("schema", "up", "down", "place"), CASES.values(), ids=CASES.keys())
def test_round_trip_of(schema: dict[str, Any], up: list[Step], down: list[Step], place: str | None) -> None:
    raised = apply_table(Table(Path("up.json"), Version(1, 0, 0), tuple(up)), schema)
    lowered = apply_table(Table(Path("down.json"), Version(1, 0, 0), tuple(down)), outcome(raised))
    assert changed_place(raised, lowered, schema) == place
