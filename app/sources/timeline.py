"""Publish a timeline: a sequence of events with the pauses between them. Each event is published when its time has come.

Events whose times are close together are published together, so a thousand events per second need only a hundred publishes.
Publishing falls behind if the store was unavailable or the machine slept. Then at most one second is caught up; the rest of
the delay remains, and shifts all later events.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Final, NamedTuple, Protocol

from app.events.errors import EventIdConflict, StoreUnavailable
from app.specification.strict_json import JsonValue

BATCH_EVENTS: Final = 500
# Between two publishes: it bounds their number, and nobody sees so small a delay of an event.
TICK_SECONDS: Final = 0.01
CATCH_UP_SECONDS: Final = 1.0  # of lag at most: with less, every slow commit would lower the rate
_FIRST_RETRY_SECONDS: Final = 0.1
_LONGEST_RETRY_SECONDS: Final = 5.0

_log = logging.getLogger(__name__)


class Timed(NamedTuple):
    """An event, with the time from this event to the next event in seconds."""

    event: JsonValue
    pause_seconds: float


class Publishes(Protocol):
    """The interface of a publisher, as far as a source of events uses it."""

    async def publish(self, submissions: Sequence[JsonValue], /) -> object:
        """Store all of the given events, or none of them. Raises EventIdConflict, StoreUnavailable."""


async def publish_timeline(
    publisher: Publishes,
    timeline: Iterator[Timed],
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Publish the events of a timeline: the first event at once, each later event after the pauses before it. Return after the
    last event.

    `clock`: a function that returns the time in seconds. `sleep`: a function that waits for a number of seconds. Tests replace
    both functions.
    """
    due = clock()
    batch: list[JsonValue] = []
    for event, pause_seconds in timeline:
        batch.append(event)
        due = max(due + pause_seconds, clock() - CATCH_UP_SECONDS)
        if due <= clock() and len(batch) < BATCH_EVENTS:
            continue
        await _publish_until_stored(publisher, batch, sleep)
        batch = []
        ahead = due - clock()
        await sleep(max(ahead, TICK_SECONDS) if ahead > 0 else 0)  # sleep(0) lets other tasks run
    await _publish_until_stored(publisher, batch, sleep)


async def _publish_until_stored(
    publisher: Publishes, events: list[JsonValue], sleep: Callable[[float], Awaitable[None]]
) -> None:
    retry_seconds = 0.0
    while events:
        try:
            await publisher.publish(events)
        except EventIdConflict as conflict:
            _log.warning("The eventId %r names another event in the log; this one is left out.", conflict.event_id)
            events = events[: conflict.index] + events[conflict.index + 1 :]
        except StoreUnavailable as unavailable:
            if not retry_seconds:
                _log.warning("The source waits for the store: %s", unavailable)
            retry_seconds = min(2 * retry_seconds or _FIRST_RETRY_SECONDS, _LONGEST_RETRY_SECONDS)
            await sleep(retry_seconds)
        else:
            break
    if retry_seconds:
        _log.warning("The source goes on.")
