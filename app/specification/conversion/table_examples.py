"""Check the tables of a version by examples: those beside `down.json`, and the valid examples of both majors.

`down/NAME.before.json` is the data of an event, and `down/NAME.after.json` what readers of the older major see of it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, TypeAlias

from app.specification.contract_files import entries, read_json, valid_examples
from app.specification.conversion.table import Place
from app.specification.conversion.table_pair import DOWN, UP, TablePair
from app.specification.conversion.template import optional_places
from app.specification.errors import InvalidContract
from app.specification.pointer import write_pointer
from app.specification.schema.schema import Schema
from app.specification.version import Version

FOLDER: Final = "down"

Compiled: TypeAlias = Mapping[Version, Schema]
"""The compiled schemas of all versions of an event type."""

_BEFORE: Final = ".before.json"
_AFTER: Final = ".after.json"


def check_table_examples(folder: Path, version: Version, pair: TablePair, compiled: Compiled) -> None:
    """Check the tables of a version; `folder` is that of the event type.

    Raises InvalidContract with a one-line message that names the file of the example that fails, or the folder in which one is missing.
    """
    place = folder / str(version)
    befores = list(_checked_pairs(place / FOLDER, pair, compiled[version], compiled[pair.older]))
    for optional in optional_places(pair.down_table, compiled[version].source):
        present = {_has(data, optional) for data in befores}
        for there in {True, False} - present:
            word = "with" if there else "without"
            raise InvalidContract(f"{place / FOLDER}: an example {word} {write_pointer(optional)} is missing.")
    for path, data in valid_examples(place):
        _require_valid(path, pair.down(data), compiled[pair.older], DOWN)
    for each in compiled:
        if each.major == pair.older.major and each <= pair.older:
            for path, data in valid_examples(folder / str(each)):
                raised = pair.up(data)
                _require_valid(path, raised, compiled[version], UP)
                _require_same(path, pair.down(raised), data, f"{UP} and {DOWN} together")


def _checked_pairs(folder: Path, pair: TablePair, schema: Schema, older: Schema) -> Iterator[Any]:
    """Yield the data of each example before it comes down."""
    for name in sorted(_names(folder)):
        before, after = folder / f"{name}{_BEFORE}", folder / f"{name}{_AFTER}"
        data, seen = read_json(before), read_json(after)
        for path, value, expected in ((before, data, schema), (after, seen, older)):
            _require_valid(path, value, expected)
        _require_same(after, pair.down(data), seen, DOWN)  # type: ignore[arg-type]  # an object, as the schema demands
        yield data


def _names(folder: Path) -> set[str]:
    names = set()
    for entry in entries(folder):
        ending = next((each for each in (_BEFORE, _AFTER) if entry.name.endswith(each)), None)
        if ending is None:
            raise InvalidContract(f"{entry}: an example of {DOWN} is NAME{_BEFORE} or NAME{_AFTER}.")
        names.add(entry.name.removesuffix(ending))
    return names


def _has(data: Any, place: Place) -> bool:
    for name in place:
        if name not in data:
            return False
        data = data[name]
    return True


def _require_valid(path: Path, data: Any, schema: Schema, table: str | None = None) -> None:
    violations, total = schema.violations(data, 1)
    if total:
        pointer, message = violations[0]
        made = f"what {table} makes of the example" if table else "the example"
        raise InvalidContract(f"{path}: {made} is not valid: {pointer or 'its root'} {message}.")


def _require_same(path: Path, found: Any, expected: Any, table: str) -> None:
    # As texts, because true and 1 are equal in Python.
    if json.dumps(found, sort_keys=True) != json.dumps(expected, sort_keys=True):
        raise InvalidContract(f"{path}: {table} makes other data: {json.dumps(found)[:200]}.")
