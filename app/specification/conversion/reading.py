"""What readers of one major version see of the events in a log, whose types may have several major versions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from app.specification.conversion.conversion import Conversion, Tables, conversion
from app.specification.version import parse_version


class Seen(NamedTuple):
    """An event as a reader sees it: the version of its schema, and its data as one line of ASCII JSON."""

    schema_version: str
    data: str


class Reading:
    """What readers of one major version see. It is compared by identity: two readers who see the same have the same `Reading`.

    `majors`: for each event type that has several major versions, the one that is seen.
    """

    def __init__(self, types: Mapping[str, Tables], majors: Mapping[str, int]) -> None:
        self.majors = majors
        self._types = {event_type: types[event_type] for event_type in majors}
        self._conversions = {
            (event_type, str(version)): conversion(tables, version, majors[event_type])
            for event_type, tables in self._types.items()
            for version in tables
        }

    def seen(self, event_type: str, schema_version: str, data: str) -> Seen:
        """Return a stored event as it is seen; `data` is in the form of `serialise`."""
        found = self.conversion(event_type, schema_version)
        return Seen(found.version, found.text(data))

    def converts(self, event_type: str, schema_version: str) -> bool:
        """Return whether events of a version are seen otherwise than they are stored."""
        return not self.conversion(event_type, schema_version).is_identity

    def conversion(self, event_type: str, schema_version: str) -> Conversion:
        """Return how stored events of a version become what is seen.

        An unknown minor, which a newer server has stored, is converted like the newest known version of its major. Events of unknown types
        and majors are seen as they are stored.
        """
        return self._conversions.get((event_type, schema_version)) or self._of_unknown(event_type, schema_version)

    def _of_unknown(self, event_type: str, schema_version: str) -> Conversion:
        version = parse_version(schema_version)
        if version is None or event_type not in self._types:
            return Conversion(schema_version)
        known = [each for each in self._types[event_type] if each.major == version.major]
        if not known or version.major == self.majors[event_type]:
            return Conversion(schema_version)
        return self._conversions[event_type, str(max(known))]


AS_STORED: Final = Reading({}, {})
"""What everybody sees if no event type has more than one major version."""


class Readings:
    """What the readers of each major version see. `types`: the versions of each event type, with their tables."""

    def __init__(self, types: Mapping[str, Tables]) -> None:
        several = {name: tables for name, tables in types.items() if len({version.major for version in tables}) > 1}
        majors = {name: sorted({version.major for version in tables}) for name, tables in several.items()}
        pins = sorted({major for each in majors.values() for major in each})
        chosen = {pin: {name: seen_major(each, pin) for name, each in majors.items()} for pin in pins}
        alike = {tuple(each.values()): Reading(several, each) for each in chosen.values()} if several else {}
        self._pinned = [(pin, alike[tuple(each.values())]) for pin, each in chosen.items()]

    def of(self, pin: int | None) -> Reading:
        """Return what a reader sees who has pinned a major: of each event type the greatest major that is not greater than the pin.

        Without a pin, and of a type whose majors are all greater, it is the oldest major.
        """
        lowest = self._pinned[0][1] if self._pinned else AS_STORED
        return next((each for major, each in reversed(self._pinned) if pin is not None and major <= pin), lowest)

    @property
    def newest(self) -> Reading:
        """What a reader sees of the newest major of each type: the form in which new events are stored."""
        return self._pinned[-1][1] if self._pinned else AS_STORED


def seen_major(majors: Sequence[int], pin: int | None) -> int:
    """Return the major version of an event type that a reader sees: the greatest of its majors that is not greater than the pin.

    Without a pin, or if all are greater, it is the oldest. `majors`: in ascending order.
    """
    return max((each for each in majors if pin is not None and each <= pin), default=majors[0])
