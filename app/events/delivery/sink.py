"""The sink: the destination of a stream. Each transport implements this interface."""

from __future__ import annotations

from typing import Protocol

from app.events.delivery.stream_item import StreamItem


class Sink(Protocol):
    """The destination of the items of one subscription, such as a network connection; each transport has its own class of
    sinks.
    """

    def send(self, item: StreamItem) -> bool:
        """Send an item to the client. Returns False if the sink is full: no item may follow until `FanOut.resume` is called.

        This method does not wait, raises no error, and calls no method of the FanOut.
        """


class Nowhere:
    """The sink of a subscription that is not open: it discards every item."""

    def send(self, item: StreamItem) -> bool:  # noqa: ARG002  # as every sink
        return True


NOWHERE = Nowhere()
