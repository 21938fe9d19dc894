"""Reading the log page by page, for clients that poll instead of keeping a stream open."""

from __future__ import annotations

import asyncio

from app.events.errors import PositionLost
from app.events.filter import Filter
from app.events.log.event_log import EventLog
from app.events.log.event_store import BelowFloor, Page
from app.events.log.start import Start
from app.events.position import Gap


async def read_page(log: EventLog, start: Start, filter: Filter, limit: int, wait_seconds: float) -> Page:
    """Return the next page: at most `limit` matching events. If there are no such events, wait up to `wait_seconds` for one.

    The `through` of the page is the offset from which to read on; events that do not match are before it too. If the log
    starts to drain (the server is about to stop) during the wait, an empty page is returned. Raises PositionLost if events
    after the start are missing, Draining if the log drains already, StoreUnavailable if the store cannot read.

    Unless it is full or may wait, the page has every matching event that was acknowledged before this call, also by another
    server of a shared log. A full page does not need the other servers, so old events can be read while these do not answer.
    """
    log.check_accepts_requests()
    if start.gap is not None:
        raise PositionLost(start.gap)
    loop = asyncio.get_running_loop()
    deadline = loop.time() + wait_seconds
    after = start.after
    is_synced = wait_seconds > 0  # a reader that waits is sent what is new anyway
    while True:
        log.check_generation(start.generation)
        if after < log.head:
            try:
                page = await log.read(after, log.head, filter, limit)
            except BelowFloor as expired:
                after = _after_deletion(log, start, after, expired, filter)
                continue
            if page.events and (is_synced or len(page.events) == limit):
                return page
            if not page.events:
                after = page.through
                continue
        if not is_synced:
            await log.sync()
            is_synced = True
        elif log.is_draining or loop.time() >= deadline:
            return Page((), after)
        else:
            after = await log.wait(filter, deadline - loop.time())


def _after_deletion(log: EventLog, start: Start, after: int, expired: BelowFloor, filter: Filter) -> int:
    # A reader that asked for the earliest event gets the earliest there is now: it knew of none that was deleted meanwhile.
    if start.resumes:
        requested, earliest = log.id_of_place(after, filter), log.id_of_place(expired.floor.offset, filter)
        raise PositionLost(Gap("expired", str(requested), earliest)) from None
    return expired.floor.offset
