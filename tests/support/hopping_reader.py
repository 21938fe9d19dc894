"""A reader that takes another transport at each reconnect and keeps only its last id, and the comparison of its events with the log."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import pairwise
from random import Random
from typing import NamedTuple

from tests.support.foreign_streams import TRANSPORTS, Address, Event, Interrupted, Start
from tests.support.publishers import RETRY_SECONDS


class Faults(NamedTuple):
    """The number of events that a reader missed, got twice, got too early, or got with other content than the log has."""

    lost: int
    duplicated: int
    reordered: int
    altered: int


def faults_of(read: Sequence[Event], stored: Sequence[Event]) -> Faults:
    """Compare the events that a reader read with all events that it must read."""
    places = {event.id: place for place, event in enumerate(stored)}
    counts = Counter(event.id for event in read)
    known = [places[event.id] for event in read if event.id in places]
    return Faults(
        lost=len(places.keys() - counts.keys()),
        duplicated=sum(count - 1 for count in counts.values()),
        reordered=sum(later < earlier for earlier, later in pairwise(known)),
        altered=sum(event.id not in places or not _same(event, stored[places[event.id]]) for event in read),
    )


def _same(read: Event, stored: Event) -> bool:
    version = read.schema_version or stored.schema_version
    return read._replace(schema_version=version) == stored


@dataclass(slots=True)
class HoppingReader:
    """A reader of the whole log, or of some event types.

    `transport`: the first transport.
    `event_types`: the types that it reads, or empty for all.
    `most_events`: it leaves a connection after 1 to this many events. If the server ends the connection, it waits before it connects.
    `last_order`: the order of the last event that it waits for.
    `on_event`: called after each event.
    """

    address: Address
    transport: str
    event_types: Sequence[str]
    random: Random
    most_events: int
    last_order: str
    on_event: Callable[[], None]
    events: list[Event] = field(default_factory=list)
    last_event_id: str | None = None
    hops: Counter[tuple[str, str]] = field(default_factory=Counter)
    endings: Counter[tuple[str, str]] = field(default_factory=Counter)

    def follow(self, stop: threading.Event) -> None:
        """Read until the last event, or until `stop` is set."""
        while not (self._is_finished() or stop.is_set()):
            ending = self._connect()
            self.endings[self.transport, ending] += 1
            if ending != "left":
                stop.wait(RETRY_SECONDS)
            before, self.transport = self.transport, self._another_transport()
            self.hops[before, self.transport] += 1

    def wants(self, event: Event) -> bool:
        return not self.event_types or event.event_type in self.event_types

    def _connect(self) -> str:
        """Read one connection; return how it ended."""
        remaining = self.random.randint(1, self.most_events)
        start = Start(self.last_event_id, self.event_types)
        before, answered = len(self.events), False
        try:
            with closing(TRANSPORTS[self.transport](self.address, start)) as stream:
                for each in stream:
                    answered = True
                    self.last_event_id = each.id
                    if isinstance(each, Event):
                        self.events.append(each)
                        self.on_event()
                    if self._is_finished() or len(self.events) - before == remaining:
                        return "left"
        except Interrupted:
            return "cut" if answered else "refused"
        return "ended"

    def _is_finished(self) -> bool:
        return bool(self.events) and self.events[-1].data["orderId"] == self.last_order

    def _another_transport(self) -> str:
        return self.random.choice([name for name in TRANSPORTS if name != self.transport])
