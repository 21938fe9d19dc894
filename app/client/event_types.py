"""The released event types, written by `orders-events types`; an event of a newer type is an `OrderEvent`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, NotRequired, TypedDict

from .events import OrderEvent

__all__ = [
    "OrderCancelled",
    "OrderCancelledData",
    "OrderShipped",
    "OrderShippedData",
]


class OrderCancelledData(TypedDict):
    """An order has been cancelled and will not be shipped."""

    orderId: str
    """The order that the event is about; readers filter by it."""
    when: str
    """When the order was cancelled: an RFC 3339 date and time with its offset, kept as the producer wrote it."""
    reason: NotRequired[str]
    """Why the order was cancelled, in words for people."""
    merchantId: NotRequired[str]
    """The merchant that the order belongs to. An access token may be restricted to the events of some merchants."""


@dataclass(frozen=True, slots=True)
class OrderCancelled(OrderEvent):
    """An order has been cancelled and will not be shipped."""

    event_type: Literal["order.cancelled"]
    data: OrderCancelledData


class OrderShippedData(TypedDict):
    """An order has left the warehouse."""

    orderId: str
    """The order that the event is about; readers filter by it."""
    when: str
    """When the order left the warehouse: an RFC 3339 date and time with its offset, kept as the producer wrote it."""
    carrier: NotRequired[str]
    """Who carries the parcel, as the producer calls them."""
    trackingNumber: NotRequired[str]
    """The carrier's name for the parcel."""
    merchantId: NotRequired[str]
    """The merchant that the order belongs to. An access token may be restricted to the events of some merchants."""


@dataclass(frozen=True, slots=True)
class OrderShipped(OrderEvent):
    """An order has left the warehouse."""

    event_type: Literal["order.shipped"]
    data: OrderShippedData


EVENT_CLASSES: Final[Mapping[str, type[OrderEvent]]] = {
    "order.cancelled": OrderCancelled,
    "order.shipped": OrderShipped,
}
