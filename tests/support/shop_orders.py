"""Order events to publish: some like those of a shop's export (various UTC offsets, reasons in several scripts), some simulated."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from itertools import islice
from random import Random
from typing import Any, cast

from app.sources.simulator import simulated_orders

REASONS = [
    "no stock",
    "pagamento não aprovado",
    'a "quote", a \\ and a\ttab',
    "two\nlines",
    "line\u2028separator",
    "📦",
]


def generate_orders(count: int, seed: int) -> list[dict[str, Any]]:
    """Make order events like those of a shop's export, in the order of their times."""
    random = Random(seed)
    clock = datetime(2016, 10, 4, 10, 18, 57, tzinfo=timezone(timedelta(hours=-3)))
    events: list[dict[str, Any]] = []
    for _ in range(count):
        clock += timedelta(seconds=random.randint(0, 90_000))
        order_id = f"{random.getrandbits(128):032x}"
        kind = random.choice(["shipped", "shipped", "cancelled"])
        data = {"orderId": order_id, "when": clock.isoformat()}
        if kind == "cancelled":
            data["reason"] = random.choice(REASONS)
        events.append({"eventType": f"order.{kind}", "eventId": f"{order_id}-{kind}", "data": data})
    return events


def mixed_orders(count: int, seed: int) -> list[dict[str, Any]]:
    """Make order events, half like those of a shop's export and half simulated; a quarter names an older version of its type."""
    random = Random(seed)
    simulated = [cast("dict[str, Any]", each.event) for each in islice(simulated_orders(1.0, seed), count // 2)]
    events = [*simulated, *generate_orders(count - len(simulated), seed)]
    random.shuffle(events)
    for event in random.sample(events, count // 4):
        event["schemaVersion"] = "1.0.0"
    return events
