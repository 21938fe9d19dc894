"""From a request for a stream to a subscription, or to the reason why there is none; the same for every transport."""

from __future__ import annotations

from dataclasses import dataclass

from app.events.delivery.stream_item import Closing
from app.events.delivery.subscription import Subscription
from app.events.errors import StoreUnavailable
from app.events.filter import Filter
from app.events.log.event_log import EventLog
from app.events.log.start import StartRequest, locate_start


@dataclass(frozen=True, slots=True)
class SubscriptionRequest:
    """A reader's request for a stream.

    `start`: the place to begin at. `follow`: if False, end at the head as it is now. `limit`: end after so many events.
    """

    start: StartRequest
    filter: Filter
    follow: bool = True
    limit: int | None = None


async def subscribe(log: EventLog, request: SubscriptionRequest) -> Subscription | Closing:
    """Return the subscription to pass to `FanOut.open`, or the closing to pass to `FanOut.refuse`.

    No error is raised: a client that asked for a stream must be answered with one, because some, an `EventSource` among them,
    never come back after anything else. A draining log is no exception: its streams are opened, and close at once.
    """
    try:
        start = await locate_start(log, request.start)
    except StoreUnavailable:
        return Closing("unavailable")
    return Subscription(log, start, request.filter, follow=request.follow, limit=request.limit)
