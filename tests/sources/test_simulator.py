"""Simulated orders fulfil the contract, come at the rate that was set, and are the same for the same seed."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, NoReturn

import pytest

from app.events.event import StoredEvent
from app.sources.simulator import REASONS, SEEDED_START, check_simulator, simulate, simulated_orders
from app.specification.errors import ContractViolation, EventViolation, StartupError
from app.specification.strict_json import JsonValue
from tests.sources.simulated_time import Recorder, SimulatedTime, open_publisher, stored_events, until_time_is_up
from tests.support.contract_copy import ContractCopy
from tests.support.order_shipped_2 import add_order_shipped_2


def events(count: int, rate: float = 3.0, seed: int | None = None) -> list[Any]:
    return [each.event for each in islice(simulated_orders(rate, seed), count)]


def without_ids(simulated: Sequence[dict[str, JsonValue]]) -> list[dict[str, JsonValue]]:
    return [{name: value for name, value in event.items() if name != "eventId"} for event in simulated]


async def simulated(
    seconds: float, rate: float, seed: int | None = None
) -> tuple[Sequence[StoredEvent], list[tuple[float, int]]]:
    """Simulate for some seconds of simulated time; return the log, and the time and size of each publish."""
    time = SimulatedTime(until=seconds)
    async with open_publisher() as (log, publisher):
        recorder = Recorder(time, publisher)
        await until_time_is_up(simulate(recorder, rate, seed, clock=time.clock, sleep=time.sleep))
        return await stored_events(log), recorder.publishes


@pytest.mark.parametrize(("rate", "seconds"), [(0.5, 2000.0), (3.0, 500.0), (1000.0, 4.0)])
async def test_mean_rate_is_the_one_that_was_set(rate: float, seconds: float) -> None:
    stored, publishes = await simulated(seconds, rate, seed=1)
    expected = rate * seconds
    assert len(stored) == pytest.approx(expected, abs=4 * expected**0.5)
    first_half = sum(count for at, count in publishes if at <= seconds / 2)
    assert first_half == pytest.approx(expected / 2, abs=4 * (expected / 2) ** 0.5)


def test_times_between_events_are_those_of_a_poisson_process() -> None:
    pauses = [each.pause_seconds for each in islice(simulated_orders(3.0, seed=1), 10_000)]
    mean = sum(pauses) / len(pauses)
    deviation = (sum((pause - mean) ** 2 for pause in pauses) / len(pauses)) ** 0.5
    assert mean == pytest.approx(1 / 3, rel=0.05)
    assert deviation == pytest.approx(mean, rel=0.05)


async def test_high_rate_is_published_in_batches() -> None:
    stored, publishes = await simulated(2.0, 1000.0, seed=1)
    assert len(publishes) <= 2.0 * 100 + 1
    assert len(stored) > 1500


async def test_two_servers_with_one_seed_store_the_same() -> None:
    first, _ = await simulated(100.0, 3.0, seed=7)
    second, _ = await simulated(100.0, 3.0, seed=7)
    assert len(first) > 100
    assert [(event.event_type, event.data) for event in first] == [(event.event_type, event.data) for event in second]


def test_other_seed_and_no_seed_give_other_orders() -> None:
    seeded = without_ids(events(50, seed=7))
    assert seeded != without_ids(events(50, seed=8))
    assert without_ids(events(50)) != without_ids(events(50))


def test_event_ids_are_new_every_time() -> None:
    ids = [event["eventId"] for event in events(100, seed=7) + events(100, seed=7)]
    assert len(set(ids)) == 200


async def test_contract_accepts_every_simulated_event() -> None:
    async with open_publisher() as (_, publisher):
        assert check_simulator(publisher.check) is None
        assert len(publisher.check(events(1000) + events(1000, seed=3))) == 2000


async def test_simulated_events_are_of_their_major_while_it_lives(tmp_path: Path) -> None:
    contract = ContractCopy(tmp_path)
    add_order_shipped_2(contract)
    for schema in contract.contracts.glob("order.shipped/1.*/schema.json"):
        schema.with_name("deprecated.json").write_text('{"deprecatedOn": "2026-12-01"}')
    async with open_publisher(contract_root=tmp_path) as (log, publisher):
        version = check_simulator(publisher.check)
        await publisher.publish([each.event for each in islice(simulated_orders(3.0, 3, version), 50)])
        majors = {(each.event_type, each.schema_version[0]) for each in await stored_events(log)}
        assert majors == {("order.shipped", "2"), ("order.cancelled", "1")}


def test_every_order_ends_once_shipped_or_cancelled_sometimes_with_a_reason() -> None:
    some = events(2000, seed=5)
    assert len({event["data"]["orderId"] for event in some}) == len(some)
    types = Counter(event["eventType"] for event in some)
    assert set(types) == {"order.shipped", "order.cancelled"}
    assert 0.1 < types["order.cancelled"] / len(some) < 0.3
    reasons = Counter(event["data"].get("reason") for event in some if event["eventType"] == "order.cancelled")
    assert set(reasons) == {None, *REASONS}
    assert not any("reason" in event["data"] for event in some if event["eventType"] == "order.shipped")


def test_seeded_times_are_those_of_the_simulated_clock() -> None:
    timeline = list(islice(simulated_orders(3.0, seed=5), 100))
    elapsed = 0.0
    for event, pause_seconds in timeline:
        when = datetime.fromisoformat(json.loads(json.dumps(event))["data"]["when"])
        assert abs(when - SEEDED_START - timedelta(seconds=elapsed)) <= timedelta(milliseconds=1)
        elapsed += pause_seconds


def test_times_without_a_seed_are_now() -> None:
    before = datetime.now(UTC) - timedelta(milliseconds=1)
    when = datetime.fromisoformat(events(1)[0]["data"]["when"])
    assert before <= when <= datetime.now(UTC)


def test_contract_that_does_not_accept_simulated_events_stops_the_start() -> None:
    def refuse(_: Sequence[JsonValue]) -> NoReturn:
        raise ContractViolation([EventViolation(2, "/data", "must have the property 'carrier'")], 1)

    with pytest.raises(StartupError, match="simulator's events: /data: must have the property 'carrier'"):
        check_simulator(refuse)
