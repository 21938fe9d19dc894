"""What a schema says of a place in the data that a JSON pointer names: always there, sometimes, or never."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import IntEnum
from typing import Any

from app.specification.pointer import parse_pointer


class Presence(IntEnum):
    """Whether a place is there in valid data."""

    ABSENT = 0
    OPTIONAL = 1
    REQUIRED = 2


def presence(schema: Mapping[str, Any], pointer: str) -> Presence:
    """Follow a pointer through a schema; only what the schema names counts, not what it merely lets pass."""
    return _presence(schema, [str(token) for token in parse_pointer(pointer)])


def _presence(schema: Mapping[str, Any], steps: list[str]) -> Presence:
    if not steps:
        return Presence.REQUIRED
    schemas = list(_together(schema))
    found = [min(there, _presence(part, steps[1:])) for there, part in _parts(schemas, steps[0])]
    found.extend(each for one in schemas for each in _either(one, steps))
    return max(found, default=Presence.ABSENT)


def _together(schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Find all schemas that hold at once."""
    yield schema
    for part in schema.get("allOf", ()):
        yield from _together(part)


def _parts(schemas: Sequence[Mapping[str, Any]], step: str) -> Iterator[tuple[Presence, Mapping[str, Any]]]:
    """Find the schemas of a property or an item, and whether it is there."""
    required = any(step in each.get("required", ()) for each in schemas)
    for each in schemas:
        if step in each.get("properties", {}):
            yield (Presence.REQUIRED if required else Presence.OPTIONAL), each["properties"][step]
        if "items" in each and step.isascii() and step.isdigit():
            there = int(step) < each.get("minItems", 0)
            yield (Presence.REQUIRED if there else Presence.OPTIONAL), each["items"]


def _either(schema: Mapping[str, Any], steps: list[str]) -> Iterator[Presence]:
    """One of these holds: a place is required where each of them requires it, and there where one of them has it."""
    for keyword in ("anyOf", "oneOf"):
        found = [_presence(part, steps) for part in schema.get(keyword, ())]
        if found:
            yield min(found) if min(found) is Presence.REQUIRED else min(max(found), Presence.OPTIONAL)
