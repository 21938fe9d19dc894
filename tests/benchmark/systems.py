"""A system that can be measured: how it is started, and how the driver speaks with it.

All get the same order events, about 120 bytes of JSON, over HTTP. This server gets them as a producer sends them; the others get
one event a line, the cheapest form, so that none pays for parsing that it does not need.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

_WHEN: Final = '"when":"2026-11-20T10:00:00Z"'
_PADDING: Final = ".0123456789.0123456789.0123456789.0123"  # makes the event 120 bytes long
_EVENT_OF_ORDER: Final = f'{{"orderId":"o-$order",{_WHEN},"trackingNumber":"$mark"}}'

FROM_THE_START: Final = "?from=earliest&follow=false"
EVENT: Final = f'{{"orderId":"$mark{_PADDING}",{_WHEN}}}'


def handshake(*subprotocols: str) -> Sequence[str]:
    """Return the lines by which a WebSocket client asks for the switch of protocols (RFC 6455 §4.1); the driver does not check the answer's hash."""
    lines = [
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
    ]
    return [*lines, *(f"Sec-WebSocket-Protocol: {each}" for each in subprotocols)]


@dataclass(frozen=True, slots=True)
class System:
    """A server and its form of requests.

    `command`: makes the command line from a scratch folder and as many ports as `ports` says: events are published over HTTP on the
    first one, and read on the last one.
    `missing`: returns why the server cannot run on this machine, or an empty text.
    `protocol`: by which events are read: sse, websocket or grpc. `message`: the message by which a WebSocket client subscribes, or the
    request of a gRPC call. `message_of_replay`: the one that asks for all that is stored, and for an end after it.
    `own_headers`: makes a file in the scratch folder with a header line for each of so many subscribers.
    `scenarios`: the words, before the dash, of the only scenarios in which it takes part; if it is empty, the scenarios choose.
    `ids`: the promise about event ids that the driver checks: none, unique or ordered.
    """

    name: str
    title: str
    command: Callable[..., Sequence[str]]
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
    ports: int = 1
    protocol: str = "sse"
    message: bytes = b""
    message_of_replay: bytes = b""
    own_headers: Callable[[Path, int], Path] | None = None
    scenarios: Sequence[str] = ()
    other_transport: bool = False  # takes part only in the scenarios that compare transports

    def subscribing(self, query: str = "") -> list[str]:
        """Return the driver's options for reading; `$index` in the query stands for the number of the subscriber."""
        headers = [part for each in self.headers for part in ("--header", each)]
        ready = ["--ready-by-event"] if self.opens_with_event else []
        protocol = ["--protocol", self.protocol, "--message", self.message.hex()]
        return ["--path", self.path + query, "--ids", self.ids, *protocol, *headers, *ready]

    def replaying(self) -> list[str]:
        """Return the driver's options for reading all that is stored, and nothing more."""
        if self.message_of_replay:
            return replace(self, message=self.message_of_replay).subscribing()
        return self.subscribing(FROM_THE_START)

    def publishing(self, batch: int = 1, *, by_order: bool = False) -> list[str]:
        """Return the driver's options for publishing this many events in a request; a single one is sent without an array."""
        before, after = self.envelope
        size = batch if self.batches else 1
        start, separator, end = self.array if size > 1 else ("", "", "")
        headers = [part for each in self.publish_headers for part in ("--publish-header", each)]
        event = before + (_EVENT_OF_ORDER if by_order else self.event) + after
        texts = ["--event", event, "--open", start, "--separator", separator, "--close", end]
        return ["--publish-path", self.publish_path, "--batch", str(size), *texts, *headers]
