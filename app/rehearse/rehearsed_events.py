"""The events of a rehearsal: the valid examples of the contract, each for an order of its own, and events that no contract has yet."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import Any

from app.events.event import Event
from app.specification.contracts import Contracts, EventContract

UNKNOWN_TYPE = "rehearsal.unknown"
UNKNOWN_CONTROL_TYPE = "stream.rehearsal"

NEXT_MAJOR = "99.0.0"

_NOT_ASCII = "Größe 42 ☂ 靴 🛒"  # two, three and four bytes in UTF-8


class RehearsedEvents:
    """An endless sequence of events, the same for each seed.

    `root`: the folder of the contract. An order is named by its number, so that a consumer can tell events apart.
    """

    def __init__(self, root: Path, contracts: Contracts, seed: int) -> None:
        self._random = random.Random(seed)
        found = [(contract, data) for contract in _newest(contracts) for data in _valid(root, contract)]
        self._random.shuffle(found)
        self._examples = cycle(found)
        self._number = 0

    def take(self, count: int) -> list[Event]:
        """Return the next examples, as events that are not stored yet."""
        return [self._event(contract, data) for contract, data in (next(self._examples) for _ in range(count))]

    def changed(self, **members: Any) -> Event:
        """Return the next example with more members, or other ones, in its data."""
        contract, data = next(self._examples)
        return self._event(contract, {**data, **members})

    def of_next_major(self) -> Event:
        """Return an event as a major version that does not exist yet could have it: only the key of the order is where it was."""
        contract, data = next(self._examples)
        key = contract.key_property
        event = self._event(contract, {key: data[key], "details": {"at": [2024, 5, 1], "by": None}})
        return event._replace(schema_version=NEXT_MAJOR)

    def of_type(self, event_type: str) -> Event:
        """Return an event of a type that no contract has."""
        return self.take(1)[0]._replace(event_type=event_type)

    def not_ascii(self) -> Event:
        """Return an event with characters of two, three and four bytes."""
        return self.changed(note=_NOT_ASCII)

    def large(self, characters: int) -> Event:
        """Return an event with so many characters of data."""
        return self.changed(note="x" * characters)

    def _event(self, contract: EventContract, data: dict[str, Any]) -> Event:
        self._number += 1
        key = f"rehearsed-{self._number}"
        text = json.dumps({**data, contract.key_property: key}, separators=(",", ":"))
        return Event(contract.event_type, str(contract.version), f"{key}-event", key, text)


def _newest(contracts: Contracts) -> Iterator[EventContract]:
    """Yield every version of the event types that the server stores when a producer names none."""
    for event_type in contracts.event_types:
        yield contracts.get(event_type, contracts.default_version(event_type))


def _valid(root: Path, contract: EventContract) -> Iterator[dict[str, Any]]:
    folder = root / "contracts" / contract.event_type / str(contract.version) / "examples"
    for path in sorted(folder.glob("valid-*.json")):
        yield json.loads(path.read_text("utf-8"))
