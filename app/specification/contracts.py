"""The event contracts: one JSON Schema for the data of each version of each event type, loaded and checked at startup.

The schema is `contracts/<event type>/<version>/schema.json`. The schema must accept the files `examples/valid-*.json` in the same
folder and refuse the files `examples/invalid-*.json`. To add an event type, add a folder. Event types that begin with `stream.`
are control events: the server sends control events on a stream, and no producer can publish them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from app.specification.contract_files import folder_names, read_deprecation, read_schema
from app.specification.conversion.conversion import Conversion
from app.specification.conversion.reading import Reading, Readings
from app.specification.conversion.table import read_table
from app.specification.conversion.table_pair import DOWN, TablePair
from app.specification.conversion.type_tables import read_tables
from app.specification.deprecation import Deprecation
from app.specification.errors import InvalidContract, UnknownEventType
from app.specification.marked_properties import (
    DEFAULT_KEY,
    check_same_key,
    check_same_owner,
    key_property,
    owner_property,
)
from app.specification.schema.messages import quoted
from app.specification.schema.schema import Schema
from app.specification.strict_json import JsonValue
from app.specification.version import PATTERN, Version, parse_version

CONTROL_PREFIX = "stream."
ORDER_ID_PATTERN = (
    "^[0-9A-Za-z_.:-]{1,128}$"  # the same for all types, because readers filter by orderId across them; of owners, too
)

EVENT_TYPE = re.compile(r"(?=.{3,64}\Z)[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)+")
_BESIDES = frozenset(
    {
        "README.md",
        "consumers",
        "field-numbers.json",
        "released.json",
        "released-dates.json",
        "released-field-numbers.json",
    }
)


@dataclass(frozen=True, slots=True)
class EventContract:
    """The contract of one version of one event type.

    `schema`: the JSON Schema of the event's data, as in the file.
    `compiled`: the same schema, compiled to a validator.
    `deprecation`: since when producers and consumers should use another version, and when this one ends; None if it is not
    deprecated.
    `owner_property`: the property of the data that has the owner of an event; None if events of this version have no owner.
    `key_property`: the property of the data that has the key of an event, by which readers filter.
    `tables`: how events of this version become events of the major before, and back; None in the oldest major of the type.
    `removed_major`: the major before, which was removed; None if there is one or never was.
    """

    event_type: str
    version: Version
    schema: dict[str, JsonValue]
    compiled: Schema
    deprecation: Deprecation | None = None
    owner_property: str | None = None
    key_property: str = DEFAULT_KEY
    tables: TablePair | None = None
    removed_major: int | None = None


class Contracts:
    """All event contracts, by event type and version.

    `event_types`: the event types that producers publish, sorted.
    `control_types`: the event types that only the server sends, sorted.
    `majors`: the major versions that the event types of producers have, sorted.
    """

    def __init__(self, contracts: Iterable[EventContract]) -> None:
        self._versions: dict[str, dict[str, EventContract]] = {}
        for contract in sorted(contracts, key=lambda each: (each.event_type, each.version)):
            self._versions.setdefault(contract.event_type, {})[str(contract.version)] = contract
        control = {name for name in self._versions if name.startswith(CONTROL_PREFIX)}
        self.control_types = tuple(name for name in self._versions if name in control)
        self.event_types = tuple(name for name in self._versions if name not in control)
        majors = {contract.version.major for name in self.event_types for contract in self._versions[name].values()}
        self.majors = tuple(sorted(majors))

    @cached_property
    def _readings(self) -> Readings:
        tables = {
            name: {each.version: each.tables for each in self._versions[name].values()} for name in self.event_types
        }
        return Readings(tables)

    def versions(self, event_type: str) -> tuple[Version, ...]:
        """Return the versions of an event type, oldest first. Raises UnknownEventType if no contract has this event type."""
        return tuple(contract.version for contract in self._of(event_type).values())

    def get(self, event_type: str, version: Version | str) -> EventContract:
        """Return the contract of one version of an event type.

        The event type may be a control event (an event that only the server sends). Raises UnknownEventType if no contract has
        this event type and version.
        """
        contract = self._of(event_type).get(str(version))
        if contract is None:
            raise UnknownEventType(f"The event type {event_type!r} has no version {quoted(str(version))}.")
        return contract

    def default_version(self, event_type: str) -> Version:
        """Return the version that applies to a published event if the event does not state its version.

        This is the newest version that is not deprecated, within the oldest major version that has such a version. If all
        versions are deprecated, the result is the newest version of the oldest major version. Raises UnknownEventType if no
        contract has this event type.
        """
        contracts = list(self._of(event_type).values())
        candidates = [each for each in contracts if each.deprecation is None] or contracts
        return next(each.version for each in reversed(candidates) if each.version.major == candidates[0].version.major)

    def reading(self, major: int | None = None) -> Reading:
        """Return what readers of a major version see: of each event type the greatest major that is not greater than `major`.

        Without a major, it is the oldest one of each event type, so that a new major changes nothing for readers who have not asked for
        it. Readers who see the same have the same `Reading`.
        """
        return self._readings.of(major)

    def stored_form(self, event_type: str, version: Version | str) -> Conversion:
        """Return how a published event of a version becomes the event that is stored: one of the newest major of its type.

        Events that were stored before that major was there become the same.
        """
        return self._readings.newest.conversion(event_type, str(version))

    def _of(self, event_type: str) -> dict[str, EventContract]:
        versions = self._versions.get(event_type)
        if versions is None:
            raise UnknownEventType(f"There is no event type {quoted(event_type)}.")
        return versions


def load_contracts(folder: Path) -> Contracts:
    """Load and check every event contract in a folder, and return all of them.

    Raises InvalidContract with a one-line message that names the faulty file.
    """
    contracts: list[EventContract] = []
    for event_type in folder_names(folder, EVENT_TYPE, "an event type such as order.shipped", besides=_BESIDES):
        names = folder_names(folder / event_type, PATTERN, "a version such as 1.0.0")
        versions = [version for name in names if (version := parse_version(name)) is not None]
        of_type = [_load_contract(folder, event_type, version) for version in sorted(versions)]
        check_same_key(folder / event_type, {each.version: each.key_property for each in of_type})
        check_same_owner(folder / event_type, {each.version: each.owner_property for each in of_type})
        contracts += _with_tables(folder / event_type, _with_removed(folder / event_type, of_type))
    loaded = Contracts(contracts)
    if not loaded.event_types:
        raise InvalidContract(f"{folder}: there is no event type besides control events.")
    return loaded


def _load_contract(folder: Path, event_type: str, version: Version) -> EventContract:
    schema, compiled = read_schema(folder / event_type / str(version))
    deprecation = read_deprecation(folder / event_type / str(version))
    path = folder / event_type / str(version) / "schema.json"
    if event_type.startswith(CONTROL_PREFIX):
        return EventContract(event_type, version, schema, compiled, deprecation)
    key = key_property(schema, str(path), ORDER_ID_PATTERN)
    owner = owner_property(schema, str(path), ORDER_ID_PATTERN)
    return EventContract(event_type, version, schema, compiled, deprecation, owner, key)


def _with_removed(folder: Path, contracts: Sequence[EventContract]) -> list[EventContract]:
    """Note in the oldest version of an event type which major version was removed: its table, which is left, names it."""
    oldest, *others = contracts
    path = folder / str(oldest.version) / DOWN
    removed = read_table(path, "to").other.major if path.exists() else None
    return [replace(oldest, removed_major=removed), *others]


def _with_tables(folder: Path, contracts: Sequence[EventContract]) -> list[EventContract]:
    """Add the tables to the versions of an event type that are not of its oldest major; `contracts` has all versions, oldest first."""
    if contracts[-1].version.major == contracts[0].version.major:
        return list(contracts)
    if contracts[0].event_type.startswith(CONTROL_PREFIX):
        raise InvalidContract(
            f"{folder}: a control event has one major version, because the server sends it in one form."
        )
    compiled = {each.version: each.compiled for each in contracts}
    fixed = {name for each in contracts for name in (each.key_property, each.owner_property) if name is not None}
    pairs = read_tables(folder, compiled, fixed)
    return [replace(each, tables=pairs.get(each.version)) for each in contracts]
