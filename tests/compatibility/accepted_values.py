"""Judge the gate's verdict on two schemas by the values that the schemas accept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from app.compatibility.rules.change import Change, Direction
from app.compatibility.rules.comparison import Comparison, Documents
from app.compatibility.rules.rows import compare
from app.compatibility.rules.schema_rules import SCHEMA
from app.specification.schema.verdict import compile_verdict
from app.specification.version import Step
from tests.support.schema_pairs import COMPONENTS, VALUES, SchemaPair, resolved


class Miss(NamedTuple):
    """A value that shows that a difference breaks clients, although the gate says that it does not."""

    direction: Direction
    value: Any
    rules: Sequence[str]


class Verdict(NamedTuple):
    """What two schemas accept, and what the gate says about the difference in one direction."""

    direction: Direction
    changes: Sequence[Change]
    breaks: Sequence[Any]

    @property
    def says_compatible(self) -> bool:
        return all(change.step is not Step.MAJOR for change in self.changes)


def miss(pair: SchemaPair) -> Miss | None:
    """Return a value that a client sends or expects and that the gate's verdict overlooks; None if there is none."""
    for verdict in verdicts(pair):
        if verdict.says_compatible and verdict.breaks:
            return Miss(verdict.direction, verdict.breaks[0], [change.rule for change in verdict.changes])
    return None


def verdicts(pair: SchemaPair) -> list[Verdict]:
    """Compare the schemas of a pair in each direction: by the gate, and by the values that each accepts."""
    accepts_before, accepts_now = (compile_verdict(resolved(each["Root"], each)) for each in pair)
    refused = [value for value in VALUES if accepts_before(value) and not accepts_now(value)]
    unexpected = [value for value in VALUES if accepts_now(value) and not accepts_before(value)]
    found = []
    for direction in Direction:
        changes = gate_changes(pair, direction)
        breaks = list(refused) if direction is not Direction.RESPONSE else []
        if direction is not Direction.REQUEST:
            breaks += _without_announced(unexpected, changes, pair)
        found.append(Verdict(direction, changes, breaks))
    return found


def gate_changes(pair: SchemaPair, direction: Direction) -> list[Change]:
    before, now = ({"components": {"schemas": document}} for document in pair)
    root = {"$ref": f"{COMPONENTS}Root"}
    return list(compare(Comparison(root, root, (), direction, Documents(before, now)), SCHEMA))


def _without_announced(unexpected: Sequence[Any], changes: Sequence[Change], pair: SchemaPair) -> list[Any]:
    """Leave out what readers have been asked to expect: values with a new property, and lists that are marked as growing."""
    if any(_marked(root) for root in pair.before.values()):
        return []
    new = {change.pointer[-1] for change in changes if change.rule == "property-added"}
    return [value for value in unexpected if not _has_property(value, new)]


def _marked(schema: Any) -> list[bool]:
    if isinstance(schema, list):
        return [mark for each in schema for mark in _marked(each)]
    if not isinstance(schema, dict):
        return []
    here = [True] if schema.get("x-extensible") is True else []
    return here + [mark for each in schema.values() for mark in _marked(each)]


def _has_property(value: Any, names: set[Any]) -> bool:
    match value:
        case dict():
            return not names.isdisjoint(value) or any(_has_property(each, names) for each in value.values())
        case list():
            return any(_has_property(each, names) for each in value)
    return False
