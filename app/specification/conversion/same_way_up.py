"""Check that events of an older major become the same by a new minor of the newer major as by the minor before it.

Readers have seen these events, and they are stored: a repetition that became something else would be refused as a conflict.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from app.specification.conversion.table import Move, Place, Set, Step, Table
from app.specification.errors import InvalidContract
from app.specification.version import Version


def require_same_way_up(
    now: Table, before: Table, version: Version, schemas: Mapping[Version, Mapping[str, Any]]
) -> None:
    """Check that a table upwards has the steps of the one before it, in their order; others may treat only what is new in the older major.

    `version`: that of the table before. `schemas`: those of the older major. Raises InvalidContract, which names the file.
    """
    new = _places(schemas[now.other]) - _places(schemas[before.other])
    if _steps_at_others(now.steps, new) != list(before.steps):
        raise InvalidContract(
            f"{now.path}: an event of {before.other} would become another one than by {version}; it needs the same steps in the same "
            f"order, and may have more only for properties that {before.other} does not have."
        )


def _places(schema: Mapping[str, Any], around: Place = ()) -> set[Place]:
    """Return the places of all properties that a schema names."""
    found: set[Place] = set()
    for name, part in schema.get("properties", {}).items():
        place = (*around, name)
        found |= {place, *_places(part, place)}
    return found


def _steps_at_others(steps: Sequence[Step], new: Collection[Place]) -> list[Step]:
    """Return the steps that may change data without values at the given places.

    Steps that move, drop or map such a value, or one that was moved from there, do nothing without it. A place to which another value is
    moved is not such a place any more.
    """
    places, others = set(new), list[Step]()
    for step in steps:
        at_new = any(_is_within(step.place, place) for place in places) and not isinstance(step, Set)
        if not at_new:
            others.append(step)
        if isinstance(step, Move) and at_new:
            places.add(step.target)
        elif isinstance(step, Move):
            places = {
                each for each in places if not _is_within(step.target, each) and not _is_within(each, step.target)
            }
    return others


def _is_within(place: Place, around: Place) -> bool:
    return place[: len(around)] == around
