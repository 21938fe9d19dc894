"""Checks of the filters: a filtered stream has every event that matches the filter, and no other event."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from app.check.checks.following import read_known
from app.check.findings import Finding, NotSeen
from app.check.foreign_json import read_json
from app.check.http.stream_blocks import OrderEvent
from app.check.request import Pairs, excerpt
from app.check.target.differences import differences
from app.check.target.paging import PAGE_EVENTS, read_page
from app.check.target.probe_events import key_name, near_misses, new_event, new_order, publish
from app.check.target.stored_log import StoredLog, as_values
from app.check.target.target import Target

ORDERS = 3  # of the log, to filter by


def event_type_filter(target: Target) -> Iterator[Finding]:
    """`eventTypes` returns exactly the events of these types, whether it is repeated or separated by commas.

    This check yields a finding for each filtered stream whose events differ from the matching events of the unfiltered log.
    """
    log = target.log()
    types = target.order_types
    for chosen in dict.fromkeys([*((each,) for each in types), types[1:], types]):
        if chosen:
            matches = of_types(chosen)
            yield from _filtered(target, log, "eventTypes", chosen, matches)


def of_types(types: Sequence[str]) -> Callable[[OrderEvent], bool]:
    return lambda event: event.event in types


def order_filter(target: Target) -> Iterator[Finding]:
    """`orderId` returns exactly the events of these orders, whether it is repeated or separated by commas.

    This check yields a finding for each filtered stream whose events differ from the matching events of the unfiltered log.
    """
    log = target.log()
    orders = sorted({order for event in log.events if (order := order_of(target, event)) is not None})
    chosen = tuple(target.random.sample(orders, k=min(ORDERS, len(orders))))
    for each in dict.fromkeys([chosen[:1], chosen]):
        if each:
            yield from _filtered(target, log, "orderId", each, of_orders(target, each))


def both_filters(target: Target) -> Iterator[Finding]:
    """`eventTypes` and `orderId` together return exactly the events that match both.

    This check looks in the log for an order and a type such that the events of both differ from those of either; it yields a finding if
    a stream or a page with both filters has other events. Raises NotSeen if there are none.
    """
    log = target.log()
    chosen = next(_pairs(target, log), None)
    if chosen is None:
        raise NotSeen("No order of the log has events that show whether both filters count.")
    type, order = chosen
    expected = [event for event in log.events if event.event == type and order_of(target, event) == order]
    parameters = (("eventTypes", type), ("orderId", order))
    request = target.finite(("from", "earliest"), *parameters)
    arrived = read_known(target, log, expected, request).events
    promised = "Exactly the events that match both filters."
    yield from differences(target, log, expected, arrived, request=request, promised=promised)
    page = target.page(("from", "earliest"), *parameters)
    on_page = [each.as_values() for each in read_page(target, target.session.fetch(page)).events]
    wanted = [as_values(event) for event in expected[:PAGE_EVENTS]]
    yield from differences(target, log, wanted, on_page, request=page, promised=promised)


def _pairs(target: Target, log: StoredLog) -> Iterator[tuple[str, str]]:
    """Yield types and orders whose common events are fewer than those of the type, and than those of the order or of no order."""
    pairs = Counter((event.event, order_of(target, event)) for event in log.events)
    types, orders = (Counter(pair[place] for pair in pairs.elements()) for place in (0, 1))
    for (type, order), both in pairs.items():
        if order is not None and both < types[type] and (both < orders[order] or len(types) == 1):
            yield type, order


def order_of(target: Target, event: OrderEvent) -> str | None:
    """Return the key of an event, by which `orderId` filters; None if the event has none."""
    try:
        data = read_json(event.data)
    except ValueError:
        return None
    order = data.get(target.contract.keys.get(event.event, "")) if isinstance(data, dict) else None
    return order if isinstance(order, str) else None


def of_orders(target: Target, orders: Sequence[str]) -> Callable[[OrderEvent], bool]:
    return lambda event: order_of(target, event) in orders


def _filtered(
    target: Target, log: StoredLog, name: str, values: Sequence[str], matches: Callable[[OrderEvent], bool]
) -> Iterator[Finding]:
    expected = [event for event in log.events if matches(event)]
    repeated = tuple((name, value) for value in values)
    for parameters in dict.fromkeys([repeated, ((name, ",".join(values)),)]):
        yield from _read(target, log, parameters, expected, matches)


def _read(
    target: Target,
    log: StoredLog,
    parameters: Pairs,
    expected: Sequence[OrderEvent],
    matches: Callable[[OrderEvent], bool],
) -> Iterator[Finding]:
    request = target.finite(("from", "earliest"), *parameters)
    stream = read_known(target, log, expected, request)
    promised = f"Only events of these {parameters[0][0]}."
    foreign = next((event for event in stream.events if not matches(event)), None)
    if foreign is not None:
        yield Finding(promised, f"{excerpt(foreign.event)} {excerpt(foreign.data)}", request, (foreign.id,))
        return
    yield from differences(
        target, log, expected, stream.events, request=request, promised=f"{promised} None of them is missing."
    )


def similar_orders(target: Target) -> Iterator[Finding]:
    """A filter takes an order for itself alone, and not one with a similar name.

    This check publishes events of orders with similar names. It yields a finding if a stream or a page of one of these orders has other
    events than its own.
    """
    order = new_order()
    events = near_misses(target, order)
    (before,) = publish(target, new_event(target))
    ids = [stored.id for stored in publish(target, *events)]
    own = [id for id, event in zip(ids, events, strict=True) if event["data"][key_name(target, event)] == order]
    parameters = (("lastEventId", before.id), ("orderId", order))
    stream = target.session.read(target.finite(*parameters), lambda reader: len(reader.events) > len(own))
    page = read_page(target, target.session.fetch(target.page(*parameters)))
    for request, came in (
        (stream.request, [event.id for event in stream.events]),
        (target.page(*parameters), [each.id for each in page.events]),
    ):
        if came != own:
            seen = f"{len(came)} events came, and {len(own)} are of this order"
            yield Finding("Exactly the events of this order.", seen, request, tuple(own))
