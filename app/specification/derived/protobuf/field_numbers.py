"""The numbers of the fields, which identify them on the wire: recorded in `contracts/field-numbers.json`, and never changed.

The file has an entry for each property of each message, with its number and its type. An entry is never changed or removed, as
clients read with the numbers that they were built with; the compatibility gate holds the file to that. A property without an
entry gets the next free number of its message, so that a new contract can be tried out before its numbers are written down.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias

from app.specification.contract_files import read_valid_json
from app.specification.errors import InvalidContract
from app.specification.schema.schema import compile_schema

FIELD_NUMBERS: Final = "contracts/field-numbers.json"

_LARGEST: Final = 2**29 - 1
_RESERVED: Final = range(19_000, 20_000)  # for the implementation of Protocol Buffers
_FILE: Final = compile_schema(
    {
        "type": "object",
        "additionalProperties": {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "required": ["number", "type"],
                "properties": {
                    "number": {"type": "integer", "minimum": 1, "maximum": _LARGEST},
                    "type": {"type": "string", "minLength": 1},
                },
                "additionalProperties": False,
            },
        },
    },
    FIELD_NUMBERS,
)


class FieldNumber(NamedTuple):
    """The number of a field, and the type that it has on the wire, with its label: `optional string`."""

    number: int
    type: str


Numbers: TypeAlias = Mapping[str, Mapping[str, FieldNumber]]
"""Field numbers by message and JSON property."""


class Numbering:
    """The numbers of all fields while the messages are derived: recorded numbers, and new ones for properties without an entry.

    `recorded`: the entries of `contracts/field-numbers.json`.
    `missing`: the entries that the file does not have yet.
    """

    def __init__(self, recorded: Numbers) -> None:
        self.recorded = recorded
        self.missing: dict[str, dict[str, FieldNumber]] = {}

    def number(self, message: str, property: str, type: str) -> int:
        """Return the number of the field that carries a property.

        Raises InvalidContract if the file records another type for the property.
        """
        found = self.recorded.get(message, {}).get(property)
        if found is None:
            found = self._next(message, property, type)
        if found.type != type:
            raise InvalidContract(
                f"{FIELD_NUMBERS}: {message}.{property} is recorded as {found.type!r}, but its schema makes it {type!r}."
            )
        return found.number

    def removed(self, message: str, properties: set[str]) -> tuple[int, ...]:
        """Return the numbers that are recorded for properties which a message no longer has, in their order."""
        recorded = self.recorded.get(message, {})
        return tuple(sorted(entry.number for name, entry in recorded.items() if name not in properties))

    def complete(self) -> Numbers:
        """Return the recorded entries, followed in each message by the missing ones."""
        names = dict.fromkeys((*self.recorded, *self.missing))
        return {name: {**self.recorded.get(name, {}), **self.missing.get(name, {})} for name in names}

    def _next(self, message: str, property: str, type: str) -> FieldNumber:
        added = self.missing.setdefault(message, {})
        if property not in added:
            taken = [entry.number for entry in (*self.recorded.get(message, {}).values(), *added.values())]
            following = max(taken, default=0) + 1
            added[property] = FieldNumber(_RESERVED.stop if following in _RESERVED else following, type)
        return added[property]


def read_field_numbers(root: Path, name: str = FIELD_NUMBERS) -> Numbers:
    """Read the file of field numbers in the directory `root`; return no numbers if the file does not exist.

    Raises InvalidContract if the file is wrong.
    """
    path = root / name
    if not path.exists():
        return {}
    content = read_valid_json(path, _FILE)
    numbers = {
        message: {name: FieldNumber(int(entry["number"]), entry["type"]) for name, entry in fields.items()}
        for message, fields in content.items()
    }
    for message, fields in numbers.items():
        _check_numbers(path, message, fields)
    return numbers


def write_field_numbers(numbers: Numbers) -> str:
    """Return the text of a file of field numbers: one line for each field, so that an addition is an added line."""
    return "{\n" + ",\n".join(f"  {json.dumps(name)}: {_lines(fields)}" for name, fields in numbers.items()) + "\n}\n"


def _lines(fields: Mapping[str, FieldNumber]) -> str:
    lines = ",\n".join(f"    {json.dumps(name)}: {json.dumps(entry._asdict())}" for name, entry in fields.items())
    return f"{{\n{lines}\n  }}"


def _check_numbers(path: Path, message: str, fields: Mapping[str, FieldNumber]) -> None:
    seen: dict[int, str] = {}
    for name, entry in fields.items():
        if entry.number in _RESERVED:
            raise InvalidContract(f"{path}: {message}.{name} has the number {entry.number}, which is not for fields.")
        if entry.number in seen:
            both = f"{seen[entry.number]} and {name}"
            raise InvalidContract(f"{path}: {message}: {both} have the same number, {entry.number}.")
        seen[entry.number] = name
