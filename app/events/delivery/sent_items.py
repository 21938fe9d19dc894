"""The numbers of sent items, for metrics."""

from __future__ import annotations

from collections import Counter
from typing import get_args

from app.events.delivery.stream_item import Closing, ClosingReason, StreamItem, StreamStart
from app.events.log.event_store import Page
from app.events.position import Gap, GapReason


class SentItems:
    """The numbers of items that readers were sent, counted once for each reader.

    `events`: order events. `replayed`: those of them that were sent to readers that were behind. `gaps`, `closings`: these control
    events, by their reason.
    """

    def __init__(self) -> None:
        self.events = 0
        self.replayed = 0
        # Each reason from the start: an alert sees an increase only from a number that was there before.
        self.gaps: Counter[str] = Counter(dict.fromkeys(get_args(GapReason), 0))
        self.closings: Counter[str] = Counter(dict.fromkeys(get_args(ClosingReason), 0))

    def count_live(self, events: int) -> None:
        """Count order events that were sent to live readers."""
        self.events += events

    def count(self, item: StreamItem) -> None:
        """Count an item that was sent to one reader that is not live."""
        match item:
            case Page(events=events):
                self.events += len(events)
                self.replayed += len(events)
            case Gap(reason=reason) | StreamStart(Gap(reason=reason)):
                self.gaps[reason] += 1
            case Closing(reason) | StreamStart(Closing(reason)):
                self.closings[reason] += 1
