"""The sink port: the one object that a transport must bring to a stream."""

from __future__ import annotations

from typing import Protocol

from app.events.delivery.stream_item import StreamItem


class Sink(Protocol):
    """The destination of the items of one subscription; each transport has its own."""

    def send(self, item: StreamItem) -> bool:
        """Take an item; return False if it must be the last one until `FanOut.resume` is called.

        Never waits, never raises, and calls no method of the fan-out from within.
        """


class Nowhere:
    """The sink of a subscription that is not open: it drops everything."""

    def send(self, item: StreamItem) -> bool:  # noqa: ARG002  # as every sink
        return True


NOWHERE = Nowhere()
