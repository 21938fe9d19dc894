"""The times at which events were stored, as readers are sent them: RFC 3339 in UTC, cut to milliseconds.

A reader that sends such a time back as `since` gets the event again, because the time is not later than the event was stored.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache


def stored_times(stored_at_us: Sequence[int | str]) -> list[str]:
    """Write the times of events, each of which is in microseconds since 1970-01-01 UTC.

    The events of a commit have the same time, and it is written once.
    """
    written = {each: _write(int(each)) for each in {*stored_at_us}}
    return [written[each] for each in stored_at_us]


def _write(us: int) -> str:
    return f"{_second(us // 1_000_000)}.{us // 1000 % 1000:03d}Z"


@lru_cache(maxsize=256)  # the events of a page were stored in few seconds
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
