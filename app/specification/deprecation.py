"""The end of a version of an event type: since when it is deprecated, and the day of its sunset, from which on it is not served."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, date, datetime, time


@dataclass(frozen=True, slots=True)
class Deprecation:
    """The days that `deprecated.json` names. A day begins at midnight UTC.

    `deprecated_on`: producers and consumers should use another version from this day on.
    `sunset_on`: the version is retired from this day on; None if that is not decided.
    """

    deprecated_on: date
    sunset_on: date | None = None

    @property
    def deprecated_at(self) -> int:
        """The moment from which on the version is deprecated, in seconds since 1970-01-01 UTC."""
        return _midnight(self.deprecated_on)

    @property
    def sunset_at(self) -> float:
        """The moment from which on the version is retired, in seconds since 1970-01-01 UTC; infinity if that is not decided."""
        return math.inf if self.sunset_on is None else _midnight(self.sunset_on)

    @property
    def days(self) -> dict[str, str]:
        """The days as members of a JSON object, with their names in the contract."""
        days = {"deprecatedOn": self.deprecated_on, "sunsetOn": self.sunset_on}
        return {name: day.isoformat() for name, day in days.items() if day is not None}


def _midnight(day: date) -> int:
    return int(datetime.combine(day, time(), UTC).timestamp())
