"""The properties of an event's data that a schema marks: the key of the event, and its owner.

The key is the value by which readers filter with `orderId`: that of the property which is marked with `x-key: true`, such as `parcelId`;
without a mark, that of the property `orderId`. The owner is the value of the property which is marked with `x-owner: true`, such as
`merchantId`. Access tokens may be restricted to owners. An event without that property has no owner, and is only for tokens without
such a restriction.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from app.specification.errors import InvalidContract
from app.specification.schema.dialect import parts
from app.specification.version import Version

KEY: Final = "x-key"
OWNER: Final = "x-owner"
DEFAULT_KEY: Final = "orderId"


def key_property(schema: Mapping[str, Any], place: str, pattern: str) -> str:
    """Return the name of the property that has the key of an event.

    `place`: the file of the schema, for error messages. `pattern`: the pattern that the property must have, the same for all event types,
    because readers filter by keys across them. Raises InvalidContract if more than one property is marked, or if the property is not
    required, or has another type or pattern.
    """
    name = _marked(schema, KEY, place, pattern) or DEFAULT_KEY
    part = schema.get("properties", {}).get(name, {})
    found = (schema.get("type"), name in schema.get("required", ()), part.get("type"), part.get("pattern"))
    if found != ("object", True, "string", pattern):
        raise InvalidContract(
            f"{place}: an event must be an object that requires a string {name} with the pattern {pattern}, because readers filter "
            f"by it. If another property names what the event is about, mark that one with `{KEY}: true`."
        )
    return name


def key_name(schema: Mapping[str, Any]) -> str:
    """Return the name of the property that has the key in events of a schema that was checked before."""
    return next((name for name, part in schema.get("properties", {}).items() if KEY in part), DEFAULT_KEY)


def owner_property(schema: Mapping[str, Any], place: str, pattern: str) -> str | None:
    """Return the name of the property that has the owner of an event; None if the schema marks none.

    `place`: the file of the schema, for error messages. `pattern`: the pattern that the property must have, so that all owners have
    names of one form and none is empty. Raises InvalidContract if more than one property is marked, or one that cannot be used.
    """
    return _marked(schema, OWNER, place, pattern)


def check_same_key(folder: Path, keys: Mapping[Version, str]) -> None:
    """Check that all versions of an event type have the same property as the key, or readers could not filter across versions.

    `folder`: that of the event type, for error messages. `keys`: the name of the property in each version, oldest first.
    """
    for (before, key), (version, name) in pairwise(keys.items()):
        if key != name:
            raise InvalidContract(
                f"{folder / str(version)}: {key} must have the key of the event, as it has in version {before}, but {name} has it."
            )


def check_same_owner(folder: Path, owners: Mapping[Version, str | None]) -> None:
    """Check that no version takes back what an earlier one says about the owner: its events would be shown to others, or to nobody.

    Nor does a major begin with an owner: events that go up from the major before would be stored without it, and so under another key than
    their repetitions in the new major.

    `folder`: that of the event type, for error messages. `owners`: the name of the property in each version, oldest first.
    """
    for (before, owner), (version, name) in pairwise(owners.items()):
        if owner not in (None, name):
            raise InvalidContract(
                f"{folder / str(version)}: {owner} must have the owner of the event (x-owner), as it has in version {before}."
            )
        if owner != name and version.major != before.major:
            raise InvalidContract(
                f"{folder / str(version)}: {name} cannot have the owner of the event (x-owner) from a major version on; add a minor version "
                f"after {before} in which it has."
            )


def _marked(schema: Mapping[str, Any], mark: str, place: str, pattern: str) -> str | None:
    marked = [name for name, part in schema.get("properties", {}).items() if mark in part]
    if len(marked) != sum(mark in part for part in _all_parts(schema)) or len(marked) > 1:
        raise InvalidContract(f"{place}: {mark} may mark one property of the event's data, and nothing within it.")
    if not marked:
        return None
    name = str(marked[0])
    part = schema["properties"][name]
    if (part[mark], part.get("type"), part.get("pattern")) != (True, "string", pattern):
        raise InvalidContract(f"{place}: {name} must be a string with the pattern {pattern} and `{mark}: true`.")
    return name


def _all_parts(schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield a schema and all schemas within it."""
    yield schema
    for _, part in parts(schema):
        if isinstance(part, Mapping):
            yield from _all_parts(part)
