"""A system that can be measured: how it is started, and how the driver speaks with it.

All get the same order events, about 120 bytes of JSON, over HTTP. This server gets them as a producer sends them; the others get
one event a line, the cheapest form, so that none pays for parsing that it does not need.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_WHEN: Final = '"when":"2026-11-20T10:00:00Z"'
_PADDING: Final = ".0123456789.0123456789.0123456789.0123"  # makes the event 120 bytes long
_EVENT_OF_ORDER: Final = f'{{"orderId":"o-$order",{_WHEN},"trackingNumber":"$mark"}}'

EVENT: Final = f'{{"orderId":"$mark{_PADDING}",{_WHEN}}}'


@dataclass(frozen=True, slots=True)
class System:
    """A server and its form of requests.

    `command`: makes the command line from a scratch folder and a port.
    `missing`: returns why the server cannot run on this machine, or an empty text.
    `ids`: the promise about event ids that the driver checks: none, unique or ordered.
    """

    name: str
    title: str
    command: Callable[[Path, int], Sequence[str]]
    missing: Callable[[], str]
    version: Callable[[], str]
    path: str
    publish_path: str
    ids: str
    envelope: tuple[str, str] = ("", "")  # around each event that is published
    array: tuple[str, str, str] = ("", "\n", "")  # before, between and after the events of one request
    headers: Sequence[str] = ("Accept: text/event-stream",)
    publish_headers: Sequence[str] = ()
    opens_with_event: bool = False  # a stream begins with an event, before any is published
    batches: bool = True  # takes several events in one request
    paced: bool = True  # can deliver PACE events a second to LIVE subscribers
    keeps: bool = False  # has a log to replay, filters by order, and acknowledges events that are on disk
    event: str = EVENT

    def subscribing(self, query: str = "") -> list[str]:
        """Return the driver's options for reading; `$index` in the query stands for the number of the subscriber."""
        headers = [part for each in self.headers for part in ("--header", each)]
        ready = ["--ready-by-event"] if self.opens_with_event else []
        return ["--path", self.path + query, "--ids", self.ids, *headers, *ready]

    def publishing(self, batch: int = 1, *, by_order: bool = False) -> list[str]:
        """Return the driver's options for publishing this many events in a request; a single one is sent without an array."""
        before, after = self.envelope
        size = batch if self.batches else 1
        start, separator, end = self.array if size > 1 else ("", "", "")
        headers = [part for each in self.publish_headers for part in ("--publish-header", each)]
        event = before + (_EVENT_OF_ORDER if by_order else self.event) + after
        texts = ["--event", event, "--open", start, "--separator", separator, "--close", end]
        return ["--publish-path", self.publish_path, "--batch", str(size), *texts, *headers]
