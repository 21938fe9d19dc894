"""Turning a request for a stream into a subscription, or into the reason why the stream cannot be opened; the same for every
transport.
"""

from __future__ import annotations

from dataclasses import dataclass

from app.events.delivery.stream_item import Closing
from app.events.delivery.subscription import Lease, Subscription
from app.events.errors import StoreUnavailable
from app.events.filter import Filter
from app.events.log.event_log import EventLog
from app.events.log.start import StartRequest, locate_start
from app.specification.deprecated_majors import DeprecatedMajor


@dataclass(frozen=True, slots=True)
class SubscriptionRequest:
    """A reader's request for a stream.

    `start`: where in the log the stream begins. `filter`: selects the events. `follow`: if False, the stream ends at the event
    that is the newest event now. `limit`: the stream ends after this number of events; None means no limit. `lease`: the stream
    ends when it does; None means that the reader needs none. `deprecations`: what is deprecated of what it reads.
    """

    start: StartRequest
    filter: Filter
    follow: bool = True
    limit: int | None = None
    lease: Lease | None = None
    deprecations: tuple[DeprecatedMajor, ...] = ()


async def subscribe(log: EventLog, request: SubscriptionRequest) -> Subscription | Closing:
    """Return the subscription to pass to `FanOut.open`, or the closing item to pass to `FanOut.refuse`.

    No error is raised, because the response to a request for a stream must be a stream: after any other response some clients,
    such as the browser's `EventSource`, do not reconnect. This holds while the server drains too: the stream is opened, and
    closed at once.
    """
    try:
        start = await locate_start(log, request.start, request.filter, is_finite=not request.follow)
    except StoreUnavailable:
        return Closing("unavailable")
    return Subscription(
        log,
        start,
        request.filter,
        follow=request.follow,
        limit=request.limit,
        lease=request.lease,
        deprecations=request.deprecations,
    )
