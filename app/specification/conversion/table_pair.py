"""Read both tables of a version of a later major, prove that they hold for every event, and compile them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias

from app.specification.conversion.compiled import Convert, compile_template
from app.specification.conversion.outcome import Unmapped, outcome
from app.specification.conversion.round_trip import changed_place
from app.specification.conversion.table import Move, Table, read_table
from app.specification.conversion.template import Members, Unprovable, apply_table
from app.specification.errors import InvalidContract
from app.specification.pointer import write_pointer
from app.specification.schema.containment import Excess, excess
from app.specification.version import Version

DOWN: Final = "down.json"
UP: Final = "up.json"
TABLES: Final = (DOWN, UP)


Schemas: TypeAlias = Mapping[Version, Mapping[str, Any]]
"""The schemas of all versions of an event type."""


class TablePair(NamedTuple):
    """How events of a version become events of `older`, a version of the major before (`down`), and the other way round (`up`).

    `down_table`, `up_table`: the tables from which they were made.
    """

    older: Version
    down: Convert
    up: Convert
    down_table: Table
    up_table: Table


def read_table_pair(folder: Path, version: Version, schemas: Schemas, fixed: Collection[str]) -> TablePair:
    """Read, prove and compile the tables of a version of an event type.

    `folder`: the folder of the event type. `fixed`: the properties that no step may touch. Raises InvalidContract with a one-line message
    that names the file.
    """
    down, up = (read_table(folder / str(version) / name, word) for name, word in ((DOWN, "to"), (UP, "from")))
    older = _older_version(down, up, version, schemas)
    for table in (down, up):
        _refuse_steps_at(fixed, table)
    lowered, raised = apply_table(down, schemas[version]), apply_table(up, schemas[older])
    _require_contained(down, lowered, older, schemas)
    _require_contained(up, raised, version, schemas)
    _require_all_raised(up, older, schemas)
    _require_round_trip(raised, lowered, down, schemas[older])
    return TablePair(
        older, compile_template(lowered, schemas[older]), compile_template(raised, schemas[version]), down, up
    )


def _older_version(down: Table, up: Table, version: Version, schemas: Schemas) -> Version:
    before = max(each.major for each in schemas if each.major < version.major)
    if down.other not in schemas or down.other.major != before:
        raise InvalidContract(f"{down.path}: {down.other} is no version of major {before}, to which events come down.")
    if up.other != down.other:
        raise InvalidContract(f"{up.path}: events go up from {up.other}, but come down to {down.other}.")
    return down.other


def _refuse_steps_at(fixed: Collection[str], table: Table) -> None:
    for number, step in enumerate(table.steps, start=1):
        places = (step.place, step.target) if isinstance(step, Move) else (step.place,)
        for place in places:
            if place[0] in fixed:
                raise InvalidContract(
                    f"{table.path}: step {number} touches {write_pointer(place)}; readers filter by keys and owners, so they stay as "
                    "they are."
                )


def _require_contained(table: Table, tree: Members, target: Version, schemas: Schemas) -> None:
    try:
        found = excess(outcome(tree), schemas[target])
    except Unmapped as error:
        raise InvalidContract(f"{table.path}: a step {error}.") from None
    if found is not None:
        raise InvalidContract(f"{table.path}: what comes out may be refused by {target}, at {_shown(found)}.")


def _require_round_trip(raised: Members, lowered: Members, down: Table, schema: Mapping[str, Any]) -> None:
    made = f"what {UP} makes of an event of {down.other}"
    try:
        place = changed_place(raised, lowered, schema)
    except Unprovable as error:
        raise InvalidContract(f"{down.path}: a step {error}, in {made}.") from None
    if place is not None:
        raise InvalidContract(f"{down.path}: {made} does not come down as it was: {place or 'its root'} may change.")


def _require_all_raised(up: Table, older: Version, schemas: Schemas) -> None:
    """Check that the table, which is written for one version, holds for all versions of that major before it."""
    for version in schemas:
        if version.major == older.major and version < older:
            found = excess(schemas[version], schemas[older])
            if found is not None:
                raise InvalidContract(
                    f"{up.path}: {version} allows events that {older} may refuse, at {_shown(found)}."
                )


def _shown(found: Excess) -> str:
    return f"{write_pointer(found.pointer) or 'the root'} ({found.keyword})"
