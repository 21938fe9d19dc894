"""The faults of deliberately bad consumers: what each does, the scenario that finds it, and words of the finding."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from tests.rehearse.rehearsing import (
    limited_consumer,
    node_consumer,
    page_consumer,
    python_consumer,
    stored_consumer,
)


class Planted(NamedTuple):
    """A consumer with a fault."""

    fault: str
    consumer: Callable[[str], tuple[str, ...]]
    scenario: str
    finding: str


PLANTED: Final = (
    Planted("no-backoff", python_consumer, "retry-times", "Wait for the time in the last `retry`"),
    Planted("no-backoff", node_consumer, "retry-times", "Wait for the time in the last `retry`"),
    Planted("waits-its-own-time", python_consumer, "retry-times", "not for a time of your own"),
    Planted("drops-id", python_consumer, "restart", "It came back without an id"),
    Planted("drops-id", node_consumer, "closing-drain", "It came back without an id"),
    Planted("takes-unfinished-ids", python_consumer, "cut-in-event", "only when its blank line has come"),
    Planted("cuts-ids", python_consumer, "long-id", "as it is, and send it"),
    Planted("acts-twice", python_consumer, "sent-again", "It applied 2 events more than once"),
    Planted("acts-twice", node_consumer, "sent-again", "It applied 2 events more than once"),
    Planted("out-of-order", python_consumer, "cut-between-events", "Apply events in the order"),
    Planted("ignores-gaps", python_consumer, "gap-expired", "It reported 0 of 1 gaps"),
    Planted("ignores-gaps", node_consumer, "gap-rehearsal", "It reported 0 of 1 gaps"),
    Planted("dies-of-unknown-events", python_consumer, "unknown-event", "exit code 1"),
    Planted("dies-of-unknown-events", node_consumer, "unknown-event", "exit code 1"),
    Planted("buffers", python_consumer, "live", "until the stream had ended"),
    Planted("buffers", node_consumer, "live", "until the stream had ended"),
    Planted("opens-two", python_consumer, "cut-between-events", "two streams open"),
    Planted("opens-two", node_consumer, "cut-in-event", "two streams open"),
    Planted("reconnects-after-204", python_consumer, "status-204", "Stop after a 204"),
    Planted("reconnects-after-204", node_consumer, "status-204", "Stop after a 204"),
    Planted("reconnects-after-end", python_consumer, "closing-end", "Stop at stream.closing with the reason end"),
    Planted("reconnects-after-end", node_consumer, "closing-limit", "Stop at stream.closing with the reason limit"),
    Planted("hammers-after-401", python_consumer, "status-401", "Stop after a 401"),
    Planted("ignores-retry-after", python_consumer, "status-503", "`Retry-After` says"),
    Planted("ignores-retry-after", node_consumer, "status-429", "`Retry-After` says"),
    Planted("splits-utf-8", python_consumer, "not-ascii", "decode UTF-8 across pieces"),
    Planted("splits-utf-8", node_consumer, "not-ascii", "decode UTF-8 across pieces"),
    Planted("knows-lf-only", python_consumer, "crlf", "It never applied 3 events"),
    Planted("dies-of-a-reset", python_consumer, "reset", "exit code 1"),
    Planted("dies-of-a-reset", node_consumer, "reset", "exit code 1"),
    Planted("drops-id", page_consumer, "closing-drain", "It came back without an id"),
    Planted("drops-id", stored_consumer, "restart", "It came back without an id"),
    Planted("ignores-gaps", page_consumer, "gap-expired", "It reported 0 of 1 gaps"),
    Planted("no-pause", page_consumer, "cut-in-event", "Pause before you ask again"),
    Planted("hammers-after-401", page_consumer, "status-401", "Stop after a 401"),
    Planted("drops-id", limited_consumer, "closing-drain", "It came back without an id"),
    Planted("trusts-every-200", python_consumer, "proxy-page", "Keep the id of the last event"),
)
