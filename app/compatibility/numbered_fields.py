"""Check the field numbers of the derived `.proto`: every field has one, and none that was released has changed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Final

from app.compatibility.finding import Finding
from app.specification.derived.protobuf.field_numbers import FIELD_NUMBERS, FieldNumber, Numbering, Numbers

_ADD: Final = "Run this command again with `--number`, or add"


def check_numbers(numbering: Numbering, released: Numbers) -> Iterator[Finding]:
    """Yield a finding (a broken rule) for each message with fields without a number, and for each change of a released entry.

    `numbering`: the recorded field numbers, and those that are missing.
    """
    for message, added in numbering.missing.items():
        yield _missing(message, added)
    for message, entries in released.items():
        yield from _changed(message, entries, numbering.recorded.get(message, {}))


def _missing(message: str, entries: Mapping[str, FieldNumber]) -> Finding:
    lines = ", ".join(f'"{name}": {json.dumps(entry._asdict())}' for name, entry in entries.items())
    change = f"there is no number for {', '.join(entries)}"
    return Finding("field-number-missing", f"{FIELD_NUMBERS} at /{message}", "", "", change, f"{_ADD} {lines}.")


def _changed(message: str, released: Mapping[str, FieldNumber], now: Mapping[str, FieldNumber]) -> Iterator[Finding]:
    owners = {entry.number: name for name, entry in released.items()}
    for name, was in released.items():
        found = now.get(name)
        if found is None:
            yield _finding("field-number-removed", message, name, f"the number {was.number} is gone")
        elif found.number != was.number:
            yield _finding("field-number-moved", message, name, f"was {was.number}, is {found.number}")
        elif found.type != was.type:
            yield _finding("field-type-changed", message, name, f"was {was.type!r}, is {found.type!r}")
    for name, entry in now.items():
        owner = owners.get(entry.number, name)
        if name not in released and owner != name:
            yield _finding("field-number-reused", message, name, f"the number {entry.number} is that of {owner}")


def _finding(rule: str, message: str, name: str, change: str) -> Finding:
    fix = "Set the entry back, because clients read with it; a property of another name or type gets the next free number."
    return Finding(rule, f"{FIELD_NUMBERS} at /{message}/{name}", "", "", change, fix)
