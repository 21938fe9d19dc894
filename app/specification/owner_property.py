"""The owner of an event: the value of the property that its schema marks with `x-owner: true`, such as `merchantId`.

Access tokens may be restricted to owners. An event without the property has no owner, and is only for tokens without such a restriction.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from app.specification.errors import InvalidContract
from app.specification.schema.dialect import parts

MARK: Final = "x-owner"


def owner_property(schema: Mapping[str, Any], place: str, pattern: str) -> str | None:
    """Return the name of the property that has the owner of an event; None if the schema marks none.

    `place`: the file of the schema, for error messages. `pattern`: the pattern that the property must have, so that all owners have
    names of one form and none is empty. Raises InvalidContract if more than one property is marked, or one that cannot be used.
    """
    marked = [name for name, part in schema.get("properties", {}).items() if MARK in part]
    if len(marked) != sum(MARK in part for part in _all_parts(schema)) or len(marked) > 1:
        raise InvalidContract(f"{place}: {MARK} may mark one property of the event's data, and nothing within it.")
    if not marked:
        return None
    name = str(marked[0])
    part = schema["properties"][name]
    if (part[MARK], part.get("type"), part.get("pattern")) != (True, "string", pattern):
        raise InvalidContract(f"{place}: {name} must be a string with the pattern {pattern} and `{MARK}: true`.")
    return name


def _all_parts(schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield a schema and all schemas within it."""
    yield schema
    for _, part in parts(schema):
        if isinstance(part, Mapping):
            yield from _all_parts(part)
