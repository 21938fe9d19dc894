"""The source `simulator`: simulated orders, each of which is placed and later either shipped or cancelled."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from random import Random
from typing import Final
from uuid import uuid4

from app.sources.timeline import Publishes, Timed, publish_timeline
from app.specification.errors import ContractViolation, EventViolation, StartupError
from app.specification.strict_json import JsonValue

# Placed, not yet shipped or cancelled: at 3 events per second, an order is open for 13 s on average.
OPEN_ORDERS: Final = 40
CANCELLED_SHARE: Final = 0.2
REASON_SHARE: Final = 0.7  # of the cancelled orders
REASONS: Final = ("changed their mind", "payment declined", "out of stock", "unknown address", "ordered twice")
SEEDED_START: Final = datetime(2024, 5, 1, 10, 0, 0, tzinfo=UTC)  # when a seeded simulation begins, on its own clock
_CHECKED_EVENTS: Final = 100  # enough to see every kind of event
_VERSION: Final = "1.0.0"  # the one of which simulated data are; the default version may be of another major


async def simulate(
    publisher: Publishes,
    rate_per_second: float,
    seed: int | None = None,
    *,
    schema_version: str | None = None,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Publish simulated order events at random times until the task is cancelled.

    `rate_per_second`: the mean number of events per second (the times are a Poisson process). `seed`, `schema_version`: see
    `simulated_orders`.
    """
    timeline = simulated_orders(rate_per_second, seed, schema_version)
    await publish_timeline(publisher, timeline, clock=clock, sleep=sleep)


def check_simulator(check: Callable[[Sequence[JsonValue]], object]) -> str | None:
    """Return the schema version that simulated events must name; None if the contract accepts them without one.

    `check`: a function that is given events and raises ContractViolation if one of these events violates the contract. Raises
    StartupError if the contract does not accept simulated events.
    """
    refused: list[EventViolation] = []
    for version in (None, _VERSION):
        try:
            check([each.event for each in islice(simulated_orders(1.0, 0, version), _CHECKED_EVENTS)])
        except ContractViolation as violation:
            refused.append(violation.violations[0])
        else:
            return version
    raise StartupError(
        f"The contract does not accept the simulator's events: {refused[0].pointer or 'the event'}: {refused[0].message} The simulator "
        "makes order.shipped and order.cancelled only; without --source, the server publishes what clients send to it."
    )


def simulated_orders(
    rate_per_second: float, seed: int | None = None, schema_version: str | None = None
) -> Iterator[Timed]:
    """Yield simulated order events without end, each with the pause before the next event.

    `rate_per_second`: the mean number of events per second. `schema_version`: the version that events name. `seed`: the same seed yields
    the same events with the same times (`when`), but always with new eventIds. With the same eventIds, a server that is restarted on a log
    of the same simulation would publish only duplicates for a long time.
    """
    random = Random(seed)
    elapsed_seconds = 0.0
    named: dict[str, JsonValue] = {} if schema_version is None else {"schemaVersion": schema_version}
    placed = [_order_id(random) for _ in range(OPEN_ORDERS)]
    while True:
        pause_seconds = random.expovariate(rate_per_second)
        chosen = random.randrange(OPEN_ORDERS)
        when = datetime.now(UTC) if seed is None else SEEDED_START + timedelta(seconds=elapsed_seconds)
        yield Timed({**_outcome(random, placed[chosen], when), **named}, pause_seconds)
        placed[chosen] = _order_id(random)
        elapsed_seconds += pause_seconds


def _outcome(random: Random, order_id: str, when: datetime) -> dict[str, JsonValue]:
    data: dict[str, JsonValue] = {"orderId": order_id, "when": _utc(when)}
    event_type = "order.shipped"
    if random.random() < CANCELLED_SHARE:
        event_type = "order.cancelled"
        if random.random() < REASON_SHARE:
            data["reason"] = random.choice(REASONS)
    return {"eventType": event_type, "eventId": str(uuid4()), "data": data}


def _utc(when: datetime) -> str:
    return when.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _order_id(random: Random) -> str:
    return f"or_{random.getrandbits(48):012x}"
