"""The client of Orders Events, for threads and for asyncio.

    from app.client import OrdersClient

    with OrdersClient("http://127.0.0.1:8000") as orders:
        for event in orders.stream(event_types=["order.cancelled"]):
            print(event.id, event.data["orderId"])

It comes back when the connection breaks, yields each event once and in order, and says where events are lost. Keep
`stream.last_event_id` with what you make of the events, and go on with `orders.stream(after=...)`.
"""

from app.client import event_types
from app.client.async_order_stream import AsyncOrderStream
from app.client.async_orders import AsyncOrdersClient
from app.client.errors import (
    EventsLost,
    EventsRefused,
    OrdersError,
    RequestRefused,
    Unavailable,
    UnexpectedAnswer,
    Violation,
)
from app.client.event_types import *  # noqa: F403  # `make types` decides what is there
from app.client.events import Checkpoint, Gap, OrderEvent
from app.client.order_stream import OrderStream
from app.client.orders import OrdersClient
from app.client.problem import Problem
from app.client.publishing import PublishedEvent
from app.client.stream_request import StreamOptions

__all__ = [
    "AsyncOrderStream",
    "AsyncOrdersClient",
    "Checkpoint",
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
