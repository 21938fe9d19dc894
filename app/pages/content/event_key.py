"""What the pages call the key of events, and what events are about: of `orderId`, these are "order id" and "order"."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EventKey:
    """The property of the data that has the key, by which readers filter, for each event type that producers publish."""

    property_by_type: Mapping[str, str]

    @property
    def names(self) -> str:
        """The same as a JSON object; the dashboard reads it."""
        return json.dumps(dict(self.property_by_type))

    @property
    def name(self) -> str:
        """The property of the first event type, for examples."""
        return next(iter(self.property_by_type.values()))

    @property
    def words(self) -> str:
        """The key in words, such as "order id"; "key" if event types have different ones."""
        names = set(self.property_by_type.values())
        return in_words(names.pop()) if len(names) == 1 else "key"

    @property
    def subject(self) -> str:
        """What the events are about, such as "order": the key without "id"."""
        return re.sub(r"(?<=.) id$", "", self.words)


def in_words(name: str) -> str:
    """Split an identifier into words: "tracking number" for `trackingNumber`."""
    return re.sub(r"[._-]|(?<=[a-z0-9])(?=[A-Z])", " ", name).lower()


def short_name(event_type: str) -> str:
    """Return the name of an event type as the dashboard shows it: "Shipped" for `order.shipped`."""
    return in_words(event_type.partition(".")[2]).capitalize()
