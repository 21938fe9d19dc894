"""The Python client of Orders Events, for threads and for asyncio.

    from orders_events_client import OrdersClient

    with OrdersClient("http://127.0.0.1:8000") as orders:
        for event in orders.stream(event_types=["order.cancelled"]):
            print(event.id, event.data["orderId"])

A stream reconnects after a broken connection, yields each event once and in order, and reports every gap: a position at which events
were lost. To resume in another process, store `stream.last_event_id` together with the result of handling the events, and pass the
stored id as `orders.stream(after=...)`.
"""

from . import event_types
from .async_order_stream import AsyncOrderStream
from .async_orders import AsyncOrdersClient
from .errors import (
    EventsLost,
    EventsRefused,
    OrdersError,
    Problem,
    RequestRefused,
    Unavailable,
    UnexpectedAnswer,
    Violation,
)
from .event_types import *  # noqa: F403  # `make types` writes this module
from .events import Checkpoint, Deprecation, Gap, OrderEvent
from .order_stream import OrderStream
from .orders import OrdersClient
from .protocol.publishing import PublishedEvent
from .protocol.stream_options import StreamOptions

__all__ = [
    "AsyncOrderStream",
    "AsyncOrdersClient",
    "Checkpoint",
    "Deprecation",
    "EventsLost",
    "EventsRefused",
    "Gap",
    "OrderEvent",
    "OrderStream",
    "OrdersClient",
    "OrdersError",
    "Problem",
    "PublishedEvent",
    "RequestRefused",
    "StreamOptions",
    "Unavailable",
    "UnexpectedAnswer",
    "Violation",
]
__all__ += event_types.__all__
