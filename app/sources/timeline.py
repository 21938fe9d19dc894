"""Publish a timeline of events, each when it is due.

What is due together is published together, so a thousand events a second cost a hundred publishes. A timeline that falls behind,
because the store was away or the machine slept, goes on from there: no more than a second is made up for.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Final, NamedTuple, Protocol

from app.backoff import backoff_seconds
from app.events.errors import EventIdConflict, StoreUnavailable
from app.specification.strict_json import JsonValue

BATCH_EVENTS: Final = 500
TICK_SECONDS: Final = 0.01  # nobody sees that an event came so much later; it bounds the number of publishes
LAG_SECONDS: Final = 1.0  # made up for: less would lose rate to every slow commit

_log = logging.getLogger(__name__)


class Timed(NamedTuple):
    """An event, and how long after it the next one is due."""

    event: JsonValue
    pause_seconds: float


class Publishes(Protocol):
    """What a source needs of a publisher."""

    async def publish(self, submissions: Sequence[JsonValue], /) -> object:
        """Store all events or none; raise EventIdConflict or StoreUnavailable."""


async def publish_timeline(
    publisher: Publishes,
    timeline: Iterator[Timed],
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Publish the first event now and each next one when it is due; return at the end of the timeline."""
    due = clock()
    batch: list[JsonValue] = []
    for event, pause_seconds in timeline:
        batch.append(event)
        due = max(due + pause_seconds, clock() - LAG_SECONDS)
        if due <= clock() and len(batch) < BATCH_EVENTS:
            continue
        await _publish_until_stored(publisher, batch, sleep)
        batch = []
        ahead = due - clock()
        await sleep(max(ahead, TICK_SECONDS) if ahead > 0 else 0)  # 0 lets others run
    await _publish_until_stored(publisher, batch, sleep)


async def _publish_until_stored(
    publisher: Publishes, events: list[JsonValue], sleep: Callable[[float], Awaitable[None]]
) -> None:
    failures = 0
    while events:
        try:
            await publisher.publish(events)
        except EventIdConflict as conflict:
            _log.warning("The eventId %r names another event in the log; this one is left out.", conflict.event_id)
            events = events[: conflict.index] + events[conflict.index + 1 :]
        except StoreUnavailable as unavailable:
            if failures == 0:
                _log.warning("The source waits for the store: %s", unavailable)
            await sleep(backoff_seconds(failures, first=0.1, longest=5.0))
            failures += 1
        else:
            break
    if failures:
        _log.warning("The source goes on.")
