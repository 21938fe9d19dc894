"""Counting the bytes of orders as a shop sends them: one by one, without the marks of the driver, which no real order has."""

from __future__ import annotations

import time
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Final

from httpx import Client
from httpx_sse import connect_sse

from app.sources.simulator import simulated_orders
from tests.benchmark.delivering import Measure
from tests.benchmark.running import Report, Running, running
from tests.benchmark.systems import System

_SEED: Final = 1  # the same orders in every round
_RATE: Final = 3.0  # events a second on the clock of the simulation, as `make run` has it
_SECONDS: Final = 20  # until an event must have come


def counting(orders: int) -> Measure:
    """Publish simulated orders to one reader, each after the one before has come; count the bytes of their stream."""

    def measure(system: System, scratch: Path) -> Report:
        events = [each.event for each in islice(simulated_orders(_RATE, _SEED), orders)]
        with running(system, scratch) as server:
            return _count(server, events)

    return measure


def byte_figures(report: Report) -> dict[str, float]:
    return {"bytes_per_event": report["subscribers"]["bytes"] / report["events"]}


def _count(server: Running, events: Sequence[Any]) -> Report:
    started = time.monotonic()
    system = server.system
    codings = {name: value for name, _, value in (each.partition(": ") for each in system.headers)}
    headers = {"Accept-Encoding": "identity", **codings}
    with (
        Client(base_url=f"http://127.0.0.1:{server.port}", timeout=_SECONDS) as client,
        connect_sse(client, "GET", system.path, headers=headers) as source,
    ):
        received = source.iter_sse()
        next(received)  # where the stream begins
        before = source.response.num_bytes_downloaded
        changed = sum(_published(client, system, event) != next(received).json() for event in events)
        counted = source.response.num_bytes_downloaded - before
    return _report(len(events), counted, changed, time.monotonic() - started)


def _published(client: Client, system: System, event: Any) -> Any:
    """Publish an event; return its data, which the reader gets."""
    client.post(system.publish_path, json=event).raise_for_status()
    return event["data"]


def _report(events: int, counted: int, changed: int, seconds: float) -> Report:
    """Return a report as the driver writes it, as far as it is read here."""
    others = {"driver_utilisation": 0.0, "server_utilisation": 0.0, "others_cpu_seconds": 0.0, "stolen_seconds": 0.0}
    return {
        "events": events,
        "deliveries": events,
        "stalled": False,
        "window": {"seconds": seconds, **others},
        "subscribers": {"bytes": counted, "faults": {"changed": changed}, "latency": {"quantiles_ms": []}},
        "replayers": {"faults": {}},
    }
