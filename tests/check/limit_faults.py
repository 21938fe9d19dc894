"""Faults of limits, of major versions, and of values at the bounds of what is permitted. Each has the check that must find it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from tests.check.broken_server import Change, Fault, Head, Received
from tests.check.faults import EVENTS, Planted, answers, dropping, keep, order_events, stays_open, with_json
from tests.check.open_start_faults import is_unknown
from tests.check.start_faults import asking


def less(asked: Received) -> Received:
    parameters = [("limit", "2") if each == ("limit", "3") else each for each in asked.parameters]
    return replace(asked, parameters=parameters)


def asks_for_three(asked: Received) -> bool:
    return asked.all("limit") == ["3"] and asked.path == EVENTS


def has_a_value(name: str, pattern: str) -> Any:
    return lambda asked, _: any(re.fullmatch(pattern, value) for value in asked.all(name)) and asked.path == EVENTS


def refused(given: Head) -> Head:
    return replace(given, status=400)


def filters_an_order(asked: Received) -> bool:
    return not asked.follows and asked.has("lastEventId") and len(asked.all("orderId")) == 1


def of_similar_orders() -> Fault:
    """Send all orders that begin with the name of one."""

    def streams(asked: Received) -> Change:
        if not filters_an_order(asked):
            return keep
        named = f'"orderId":"{asked.all("orderId")[0]}'.encode()
        return lambda piece: piece if named in piece or b"\nevent: order." not in piece else b""

    return Fault(asks=lambda asked: asked.without("orderId") if filters_an_order(asked) else asked, streams=streams)


def of_similar_orders_on_pages() -> Fault:
    """Put all orders on a page that begin with the name of one."""

    def is_about(asked: Received) -> bool:
        return asked.wants_page and sorted(name for name, _ in asked.parameters) == ["lastEventId", "orderId"]

    def gives(asked: Received, given: Head) -> Head:
        def similar(page: Any) -> Any:
            order = asked.all("orderId")[0]
            return {**page, "events": [each for each in page["events"] if each["data"]["orderId"].startswith(order)]}

        return with_json(similar)(given) if is_about(asked) and given.status == 200 else given

    return Fault(asks=lambda asked: asked.without("orderId") if is_about(asked) else asked, gives=gives)


def of_a_later_major(page: Any) -> Any:
    return {**page, "events": [{**each, "schemaVersion": "2.0.0"} for each in page["events"]]}


def is_pinned(asked: Received) -> bool:
    return asked.has("majorVersion") and asked.has("from") and not asked.has("limit", "eventTypes")


PLANTED_IN_LIMITS: Final[Mapping[str, Planted]] = {
    "a limit ends one event early": Planted(
        asking(less, lambda asked: asks_for_three(asked) and not asked.follows and not is_unknown(asked)), "limit"
    ),
    "a limit ends one event early on a stream that stays open": Planted(
        asking(less, lambda asked: asks_for_three(asked) and stays_open(asked)), "limit"
    ),
    "a limited page has one event less": Planted(
        asking(less, lambda asked: asks_for_three(asked) and asked.wants_page and asked.has("from")), "limit"
    ),
    "a limit counts what a filter skips": Planted(
        asking(less, lambda asked: asks_for_three(asked) and asked.has("eventTypes")), "limit"
    ),
    "a limit counts a gap": Planted(asking(less, lambda asked: asks_for_three(asked) and is_unknown(asked)), "limit"),
    "a stream that stays open ignores the limit": Planted(
        asking(lambda asked: asked.without("limit"), lambda asked: asks_for_three(asked) and stays_open(asked)), "limit"
    ),
    "a filter takes all orders that begin alike": Planted(of_similar_orders, "similar-orders"),
    "a page takes all orders that begin alike": Planted(of_similar_orders_on_pages, "similar-orders"),
    "a stream of a major version lacks an event": Planted(
        lambda: order_events(dropping(1), is_pinned), "major-version"
    ),
    "a page of a major version has events of another": Planted(
        lambda: answers(
            with_json(of_a_later_major),
            lambda asked, given: asked.wants_page and asked.has("majorVersion") and given.status == 200,
        ),
        "major-version",
    ),
    "a hundred orders are too many": Planted(
        lambda: answers(refused, has_a_value("orderId", "([^,]+,){99}[^,]+")), "valid-value"
    ),
    "the longest id is malformed": Planted(
        lambda: answers(refused, has_a_value("lastEventId", "x{64}")), "valid-value"
    ),
    "the largest page is too large": Planted(lambda: answers(refused, has_a_value("limit", "1000")), "valid-value"),
    "an id and a limit exclude a time": Planted(
        lambda: answers(
            refused, lambda asked, _: asked.has("lastEventId") and asked.has("limit") and asked.has("since")
        ),
        "valid-value",
    ),
}
