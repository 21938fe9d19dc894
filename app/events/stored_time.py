"""The time at which an event was stored, as readers are sent it: RFC 3339 in UTC, cut to milliseconds.

A reader that sends this time back as `since` gets the event again, because the time is not later than the event was stored.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache


def stored_time(stored_at_us: int) -> str:
    """Write the time of an event, which is in microseconds since 1970-01-01 UTC."""
    return f"{_second(stored_at_us // 1_000_000)}.{stored_at_us // 1000 % 1000:03d}Z"


@lru_cache(maxsize=256)  # the events of a page were stored in few seconds
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
