"""The targets: what each figure should be at least, and what is wanted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.benchmark.judging import Figure, Target, judge
from tests.benchmark.sizes import BURST, LIVE, MISSED, PACE, RATE, Sizes
from tests.benchmark.transport_targets import transport_targets
from tests.benchmark.with_keys import targets_with_keys


def targets(sizes: Sizes) -> list[Target]:
    """Return all targets, in the order in which they are shown."""
    return [
        *_against_peers(),
        *_growth(sizes),
        *_log(sizes),
        *_streams(sizes),
        *transport_targets(sizes),
        *targets_with_keys(sizes),
    ]


def judged(sizes: Sizes, scenarios: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Judge the results by the targets; targets whose scenario was not run are left out."""
    return judge(targets(sizes), scenarios)


def _against_peers() -> list[Target]:
    one, burst, latency, paced = (f"{kind}-{LIVE}" for kind in ("one", "burst", "latency", "paced"))
    cost = "cpu_us_per_delivery"
    return [
        Target(
            f"CPU per delivery, one event per wake-up, {LIVE:,} subscribers, against Nchan",
            Figure(one, cost),
            of=Figure(one, cost, "nchan"),
            least=0.95,
            aim=0.85,
        ),
        Target(
            "the same against FastAPI's SSE",
            Figure(one, cost),
            of=Figure(one, cost, "fastapi"),
            least=1 / 10,
            aim=1 / 15,
        ),
        Target(
            f"CPU per delivery, bursts of {BURST}, against sse-starlette",
            Figure(burst, cost),
            of=Figure(burst, cost, "sse-starlette"),
            least=1 / 50,
            aim=1 / 80,
        ),
        Target(
            "the same against the C limit, which batches too",
            Figure(burst, cost),
            of=Figure(burst, cost, "limit"),
            least=1.6,
            aim=1.3,
        ),
        Target(
            f"p99 latency, {LIVE:,} subscribers, {RATE} events/s, against Nchan",
            Figure(latency, "p99_ms"),
            of=Figure(latency, "p99_ms", "nchan"),
            least=1.3,
            aim=0.9,
        ),
        Target(
            f"CPU per delivery, {LIVE:,} subscribers, {PACE} events/s, against Nchan",
            Figure(paced, cost),
            of=Figure(paced, cost, "nchan"),
            least=1.0,
            aim=0.9,
        ),
        Target(
            "p99 latency of the same, against Nchan",
            Figure(paced, "p99_ms"),
            of=Figure(paced, "p99_ms", "nchan"),
            least=1.05,
            aim=0.9,
        ),
    ]


def _growth(sizes: Sizes) -> list[Target]:
    few, many = sizes.crowds[0], sizes.crowds[-1]
    few_orders, many_orders = sizes.order_crowds
    return [
        Target(
            f"growth of CPU per delivery from {few:,} to {many:,} subscribers",
            Figure(f"one-{many}", "cpu_us_per_delivery"),
            of=Figure(f"one-{few}", "cpu_us_per_delivery"),
            least=2,
            aim=1.6,
        ),
        Target(
            f"{many_orders:,} subscribers each on their own order, cost of an event against {few_orders}",
            Figure(f"orders-{many_orders}", "cpu_us_per_event"),
            of=Figure(f"orders-{few_orders}", "cpu_us_per_event"),
            least=2,
            aim=1.2,
        ),
    ]


def _log(sizes: Sizes) -> list[Target]:
    rates = [
        ("publishing over HTTP, acknowledged on disk, batches of 500, on one core", "publish-500", 80_000, 120_000),
        ("publishing over HTTP, one event a request, 64 in flight", "publish-1", 5_000, 12_000),
        (
            f"replay of {sizes.stored_events:,} stored events to one subscriber",
            f"replay-{sizes.stored_events}",
            500_000,
            900_000,
        ),
    ]
    return [
        Target(title, Figure(scenario, "events_per_second"), None, least, aim, unit="/s", more_is_better=True)
        for title, scenario, least, aim in rates
    ]


def _streams(sizes: Sizes) -> list[Target]:
    idle, beside = f"idle-{sizes.idle_crowd}", f"beside-{sizes.replayers}"
    return [
        Target(
            f"memory per idle stream at {sizes.idle_crowd:,}",
            Figure(idle, "memory_kb_per_stream"),
            of=None,
            least=2.5,
            aim=2,
            unit=" KB",
        ),
        Target(
            "accepting a stream (connect to first byte), server CPU",
            Figure(idle, "accept_ms_per_stream"),
            of=None,
            least=0.15,
            aim=0.1,
            unit=" ms",
        ),
        Target(
            f"{sizes.returning_crowd:,} subscribers come back at once, and missed {MISSED} events: server CPU for each",
            Figure(f"return-{sizes.returning_crowd}", "cpu_ms_per_reader"),
            of=None,
            least=0.6,
            aim=0.3,
            unit=" ms",
        ),
        Target(
            f"p99 latency beside {sizes.replayers} subscribers that replay from the start, against without them",
            Figure(beside, "p99_ms"),
            of=Figure("beside-0", "p99_ms"),
            least=3,
            aim=1.5,
        ),
    ]
