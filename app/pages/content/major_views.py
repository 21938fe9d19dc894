"""What readers of an older major version see of the events of a newer one: the steps between them, and examples side by side."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.specification.contract_files import read_json
from app.specification.contracts import EventContract
from app.specification.conversion.table import Drop, Map, Move, Set, Step
from app.specification.derived.frame_text import frame_text
from app.specification.pointer import write_pointer

_BEFORE, _AFTER = ".before.json", ".after.json"


@dataclass(frozen=True, slots=True)
class Change:
    """One step between the two versions: a place in the data of the newer one, and what readers of the older one see of it."""

    place: str
    seen: str


@dataclass(frozen=True, slots=True)
class SideBySide:
    """An example event on the wire, as readers of the newer and of the older major version get it."""

    name: str
    newer: str
    older: str


@dataclass(frozen=True, slots=True)
class MajorView:
    """What readers of the major version `pin` see of a version: as events of the version `older`."""

    pin: int
    own: int
    older: str
    changes: list[Change]
    examples: list[SideBySide]


def major_view(contract: EventContract, folder: Path, fields: Mapping[str, Any]) -> MajorView | None:
    """Return what readers of the major before see of a version; None if it is of the oldest major of its type.

    `folder`: the folder of the version. `fields`: of the frames of the examples, without their data.
    """
    tables = contract.tables
    if tables is None:
        return None
    return MajorView(
        pin=tables.older.major,
        own=contract.version.major,
        older=str(tables.older),
        changes=[_change(step) for step in tables.down_table.steps],
        examples=list(_examples(folder / "down", fields)),
    )


def _change(step: Step) -> Change:
    place = f"`{write_pointer(step.place)}`"
    match step:
        case Move(target=target):
            return Change(place, f"`{write_pointer(target)}`")
        case Drop():
            return Change(place, "nothing")
        case Set(value=value):
            return Change(place, f"`{json.dumps(value)}`, if it is not there")
        case Map(values=values, otherwise=otherwise):
            listed = [f"`{json.dumps(value)}` for `{json.dumps(text)}`" for text, value in values.items()]
            others = [f"`{json.dumps(value)}` for all others" for value in otherwise]
            return Change(place, ", ".join([*listed, *others]))


def _examples(folder: Path, fields: Mapping[str, Any]) -> Iterator[SideBySide]:
    for path in sorted(folder.glob(f"*{_BEFORE}")):
        name = path.name.removesuffix(_BEFORE)
        newer, older = (read_json(each) for each in (path, folder / f"{name}{_AFTER}"))
        yield SideBySide(
            name.replace("-", " "), frame_text({**fields, "data": newer}), frame_text({**fields, "data": older})
        )
