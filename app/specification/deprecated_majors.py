"""The major versions of event types that are deprecated, as their readers see it: what they read, when it ends, and what follows."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Collection, Iterator
from datetime import date
from typing import NamedTuple

from app.specification.contracts import Contracts
from app.specification.conversion.reading import seen_major
from app.specification.deprecation import Deprecation
from app.specification.errors import Refusal


class DeprecatedMajor(NamedTuple):
    """A major version of an event type of which every version is deprecated.

    `deprecation`: since when that is so, and when the last of these versions ends.
    `successor`: the next major version of the event type that is not deprecated, or else the next one; None if there is none. Then its
    readers go on after the sunset, for they would have nothing to change to; but no event of the type is accepted any more.
    """

    event_type: str
    major: int
    deprecation: Deprecation
    successor: int | None

    @property
    def ends_at(self) -> float:
        """The moment from which on nobody can read it, in seconds since 1970-01-01 UTC; infinity if there is none."""
        return math.inf if self.successor is None else self.deprecation.sunset_at

    @property
    def data(self) -> dict[str, str | int]:
        """The data of the control event `stream.deprecation`."""
        successor = {} if self.successor is None else {"successor": self.successor}
        return {"eventType": self.event_type, "majorVersion": self.major, **self.deprecation.days, **successor}


class VersionRetired(Refusal):
    """Raised when a reader asks for a major version of an event type that is past its sunset, on `sunset_on` if that is known."""

    def __init__(self, event_type: str, major: int, sunset_on: date | None, successor: int | None) -> None:
        day = "" if sunset_on is None else f" on {sunset_on}"
        super().__init__(f"Major version {major} of {event_type} was retired{day}; ask for majorVersion={successor}.")


class DeprecatedMajors:
    """All major versions that are deprecated, by the `majorVersion` of the readers that read them; most often there are none.

    `clock`: returns the present time in seconds since 1970-01-01 UTC.
    """

    def __init__(self, contracts: Contracts, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        oldest = [contracts.get(name, contracts.versions(name)[0]) for name in contracts.event_types]
        self._removed = {
            each.event_type: (each.removed_major, each.version.major)
            for each in oldest
            if each.removed_major is not None
        }
        deprecated = {(each.event_type, each.major): each for each in _deprecated(contracts)}
        self._of_pin = {
            pin: [deprecated[seen] for seen in _seen(contracts, pin) if seen in deprecated]
            for pin in (None, *contracts.majors)
        }

    def of_reader(self, event_types: Collection[str] | None, pin: int | None) -> tuple[DeprecatedMajor, ...]:
        """Return what is deprecated of what a reader reads.

        `event_types`: those that it reads, None means all. `pin`: its `majorVersion`, None if it names none.

        Raises VersionRetired if some of it is past its sunset: without it, the events would have a hole.
        """
        if self._removed and pin is not None:
            self._check_removed(event_types, pin)
        of_pin = self._of_pin[pin]
        if not of_pin:
            return ()
        found = tuple(each for each in of_pin if event_types is None or each.event_type in event_types)
        self.check_living(found)
        return found

    def check_living(self, read: Collection[DeprecatedMajor]) -> None:
        """Raise VersionRetired if one of the majors that a reader reads is past its sunset."""
        for each in read:
            if each.ends_at <= self._clock():
                raise VersionRetired(each.event_type, each.major, each.deprecation.sunset_on, each.successor)

    def _check_removed(self, event_types: Collection[str] | None, pin: int) -> None:
        for event_type, (removed, oldest) in self._removed.items():
            if pin <= removed and (event_types is None or event_type in event_types):
                raise VersionRetired(event_type, removed, None, oldest)


def _deprecated(contracts: Contracts) -> Iterator[DeprecatedMajor]:
    for event_type in contracts.event_types:
        majors = sorted({version.major for version in contracts.versions(event_type)})
        deprecations = {major: _of_all(contracts, event_type, major) for major in majors}
        for major, deprecation in deprecations.items():
            if deprecation is not None:
                later = [each for each in majors if each > major]
                lasting = (each for each in later if deprecations[each] is None)
                yield DeprecatedMajor(event_type, major, deprecation, next(lasting, later[0] if later else None))


def _of_all(contracts: Contracts, event_type: str, major: int) -> Deprecation | None:
    """Return the deprecation of a whole major version, which ends with the last of its versions; None if one is not deprecated."""
    versions = [version for version in contracts.versions(event_type) if version.major == major]
    deprecations = [contracts.get(event_type, version).deprecation for version in versions]
    known = [each for each in deprecations if each is not None]
    if len(known) < len(deprecations):
        return None
    sunsets: list[date] = [each.sunset_on for each in known if each.sunset_on is not None]
    last = max(sunsets) if len(sunsets) == len(known) else None
    return Deprecation(max(each.deprecated_on for each in known), last)


def _seen(contracts: Contracts, pin: int | None) -> Iterator[tuple[str, int]]:
    """Yield each event type, and the major version of it that readers with this `majorVersion` read."""
    for event_type in contracts.event_types:
        yield event_type, seen_major([version.major for version in contracts.versions(event_type)], pin)
