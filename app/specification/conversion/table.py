"""Read a table of steps, `down.json` or `up.json`: how the data of an event changes from one major version to another."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias

from app.specification.contract_files import read_json
from app.specification.errors import InvalidContract
from app.specification.pointer import parse_pointer
from app.specification.strict_json import JsonValue
from app.specification.version import Version, parse_version

Place: TypeAlias = tuple[str, ...]
"""The names of properties that lead to a value in the data of an event, from the root on."""

_POINTER: Final = re.compile(r"(?:/(?:[^/~]|~[01])+)+")
_OF_MAP: Final = frozenset({"map", "values", "else"})
_FORMS: Final = (
    'a step is {"move": POINTER, "to": POINTER}, {"drop": POINTER}, {"set": POINTER, "value": VALUE} or '
    '{"map": POINTER, "values": {TEXT: VALUE, …}, "else": VALUE}, with a JSON pointer such as /parcel/carrier'
)


class Move(NamedTuple):
    """Move the value at `place`, if it is there, to `target`; objects around the target are made as they are needed."""

    place: Place
    target: Place


class Drop(NamedTuple):
    """Leave out the value at `place`."""

    place: Place


class Set(NamedTuple):
    """Put `value` at `place` if nothing is there, but the object around it is."""

    place: Place
    value: JsonValue


class Map(NamedTuple):
    """Replace the text at `place`, if it is there, by its value in `values`; by `otherwise[0]` if it has none there."""

    place: Place
    values: Mapping[str, JsonValue]
    otherwise: tuple[JsonValue, ...]


Step: TypeAlias = Move | Drop | Set | Map


class Table(NamedTuple):
    """A table as in its file `path`: the steps, and the version of the other major to or from which they lead."""

    path: Path
    other: Version
    steps: tuple[Step, ...]


def read_table(path: Path, word: str) -> Table:
    """Read a table; `word` is the member that names the version of the other major: `to` or `from`.

    Raises InvalidContract with a one-line message that names the file.
    """
    match read_json(path):
        case {"steps": list(steps), **rest} if rest.keys() == {word}:
            other = parse_version(str(rest[word]))
            if other is not None:
                return Table(path, other, tuple(_step(path, index, each) for index, each in enumerate(steps, start=1)))
    raise InvalidContract(
        f'{path}: this must be {{"{word}": VERSION, "steps": [STEP, …]}}, such as 1.2.0 as the version.'
    )


def _step(path: Path, number: int, written: Any) -> Step:
    match written:
        case {"move": place, "to": target, **rest} if not rest and _is_pointer(place) and _is_pointer(target):
            return Move(_place(place), _place(target))
        case {"drop": place, **rest} if not rest and _is_pointer(place):
            return Drop(_place(place))
        case {"set": place, "value": value, **rest} if not rest and _is_pointer(place):
            return Set(_place(place), value)
        case {"map": place, "values": dict(values)} if written.keys() <= _OF_MAP and _is_pointer(place):
            return Map(_place(place), values, (written["else"],) if "else" in written else ())
    raise InvalidContract(f"{path}: step {number} is none: {_FORMS}.")


def _is_pointer(value: JsonValue) -> bool:
    return isinstance(value, str) and _POINTER.fullmatch(value) is not None


def _place(pointer: Any) -> Place:
    return tuple(map(str, parse_pointer(pointer)))
