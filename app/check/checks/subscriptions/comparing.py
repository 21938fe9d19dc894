"""Compare what a subscription was sent with the events of the log, as they were read from an event stream."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from app.check.checks.subscriptions.subscription_bounds import read
from app.check.findings import Finding
from app.check.foreign_json import read_json
from app.check.http.stream_blocks import OrderEvent
from app.check.request import Repeatable
from app.check.target.differences import differences
from app.check.target.received_items import ReceivedItems, Transport
from app.check.target.stored_log import StoredLog
from app.check.target.target import Target


def read_expected(
    target: Target, transport: Transport, log: StoredLog, expected: Sequence[OrderEvent], parameters: Mapping[str, Any]
) -> ReceivedItems:
    """Read a finite subscription until all expected events can have arrived; see `read_known`."""
    most = len(expected) + 1 if log.whole else len(expected)
    return read(target, transport, parameters, lambda each: bool(each.items) and len(each.events) >= most)


def compared(
    target: Target,
    transport: Transport,
    log: StoredLog,
    expected: Sequence[OrderEvent],
    received: ReceivedItems,
    *,
    promised: str,
) -> Iterator[Finding]:
    """Yield a finding if the events of a subscription differ from those expected of `log`; see `differences`."""
    request: Repeatable = received.exchange
    wanted, came = ([_comparable(transport, each) for each in events] for events in (expected, received.events))
    yield from differences(target, log, wanted, came, request=request, promised=promised)


def _comparable(transport: Transport, event: OrderEvent) -> OrderEvent:
    """Return an event with its data as JSON text with sorted keys; data that is not JSON stays unchanged."""
    try:
        data = transport.comparable(read_json(event.data))
    except ValueError:
        return event
    return event._replace(data=json.dumps(data, sort_keys=True))
