"""How filters choose the events of a subscription over any transport: those in the log, and new ones. Each function checks one promise."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import Any

from app.check.checks.filters import of_orders, of_types, order_of
from app.check.checks.following import is_expired
from app.check.checks.subscriptions.comparing import compared, read_expected
from app.check.checks.subscriptions.subscription_bounds import STORED, read
from app.check.findings import Finding
from app.check.request import excerpt
from app.check.target.probe_events import key_name, near_misses, new_order, publish
from app.check.target.received_items import ReceivedItems, Transport
from app.check.target.target import Target


def filters_events(target: Target, transport: Transport) -> Iterator[Finding]:
    """Yield a finding if a filter by event type or by order does not return exactly the matching events."""
    log = target.log()
    types = target.order_types[:1]
    orders = [order for event in log.events if (order := order_of(target, event)) is not None][:1]
    for name, values, matches in (
        ("eventTypes", types, of_types(types)),
        ("orderId", orders, of_orders(target, orders)),
    ):
        expected = [event for event in log.events if matches(event)]
        received = read_expected(target, transport, log, expected, {**STORED, name: [*values]})
        promised = f"Exactly the events of these {name}."
        other = next((event for event in received.events if not matches(event)), None)
        if other is not None:
            yield Finding(promised, excerpt(f"{other.event} {other.data}"), received.exchange, (other.id,))
        else:
            yield from compared(target, transport, log, expected, received, promised=promised)


def filters_new_events(target: Target, transport: Transport) -> Iterator[Finding]:
    """Yield a finding if a filtered subscription lacks a new event that matches all of its filters, or has another new one."""
    order = new_order()
    events = near_misses(target, order)
    by_type, by_order = {"eventTypes": [events[-1]["eventType"]]}, {"orderId": [order, new_order()]}
    filters = (by_type, by_order, {**by_type, **by_order})
    ids, subscriptions = _published(target, transport, events, filters)
    for filter, received in zip(filters, subscriptions, strict=True):
        expected = [id for id, event in zip(ids, events, strict=True) if _matches(target, filter, event)]
        came = [event.id for event in received.events if event.id in ids]
        if came != expected:
            promised = (
                "An open subscription has each new event that matches its filters, once and in order, and no other."
            )
            seen = f"{len(came)} of the events that were published came, instead of {len(expected)}"
            yield Finding(promised, seen, received.exchange, tuple(expected))


def _published(
    target: Target, transport: Transport, events: Sequence[Mapping[str, Any]], filters: Sequence[Mapping[str, Any]]
) -> tuple[list[str], list[ReceivedItems]]:
    """Publish events while subscriptions with these filters are open. Returns the ids, and what each subscription was sent.

    The last event must match every filter.
    """
    seconds = target.options.timeout_seconds
    with ExitStack() as open:
        subscriptions = [open.enter_context(transport.subscribe(each)) for each in filters]
        for received in subscriptions:
            received.until(lambda each: bool(each.items), seconds)
        ids = [stored.id for stored in publish(target, *events)]
        deadline = time.monotonic() + seconds
        for received in subscriptions:
            received.until(lambda each: ids[-1] in each.ids, max(0, deadline - time.monotonic()))
    return ids, subscriptions


def _matches(target: Target, filter: Mapping[str, Sequence[str]], event: Mapping[str, Any]) -> bool:
    type, order = event["eventType"], event["data"][key_name(target, event)]
    return type in filter.get("eventTypes", [type]) and order in filter.get("orderId", [order])


def moves_past_skipped(target: Target, transport: Transport) -> Iterator[Finding]:
    """Yield a finding if a finite subscription that no event matches does not end after a position past the events that it skipped."""
    log = target.log()
    name, nobody = target.matching_nothing
    received = read(target, transport, {**STORED, name: [nobody]})
    ids = [item.last_event_id for item in received.items if item.last_event_id is not None]
    stream = target.read(target.finite(("lastEventId", ids[-1] if ids else "")), 1)
    again = tuple(event.id for event in stream.events[:1] if event.id in log.ids)
    if not ids or (again and not is_expired(stream)):
        promised = "After events that the filter skipped, a checkpoint comes before the end, after which they do not come again."
        yield Finding(promised, f"the last id was {excerpt(ids[-1]) if ids else 'missing'}", received.exchange, again)
