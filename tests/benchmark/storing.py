"""Measurements of the log: publishing that is acknowledged on disk, and replay."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tests.benchmark.delivering import Measure, latency_figures, rate_options
from tests.benchmark.running import Report, Running, running
from tests.benchmark.sizes import RATE
from tests.benchmark.systems import FROM_THE_START, System

_LARGEST_BATCH: Final = 1_000


def publishing(batch: int, in_flight: int, seconds: float) -> Measure:
    """Publish as fast as acknowledgements come; then read everything, to check that every acknowledged event is there."""

    def measure(system: System, scratch: Path) -> Report:
        with running(system, scratch) as server:
            pace = ["--mode", "publish", "--in-flight", str(in_flight), "--seconds", f"{seconds:g}"]
            report = server.drive(*pace, *system.publishing(batch))
            check = _read(server, report["events"])
        # Requests that are in flight together may be stored in any order, so the order of the events says nothing here.
        del check["subscribers"]["faults"]["disordered"]
        return {**report, "subscribers": check["subscribers"], "stalled": check["stalled"]}

    return measure


def replaying(events: int) -> Measure:
    """Store events, start the server again, so that none is in memory, and read them all."""

    def measure(system: System, scratch: Path) -> Report:
        _fill(system, scratch, events)
        with running(system, scratch) as server:
            return _read(server, events)

    return measure


def beside_replayers(subscribers: int, replayers: int, history: int, seconds: float) -> Measure:
    """Publish at a steady rate to live subscribers, while others replay the stored events repeatedly."""

    def measure(system: System, scratch: Path) -> Report:
        _fill(system, scratch, history)
        replays = ["--replayers", str(replayers), "--replayer-path", system.path + FROM_THE_START]
        with running(system, scratch) as server:
            return server.drive(*rate_options(system, subscribers, RATE, seconds), "--history", str(history), *replays)

    return measure


def publishing_figures(report: Report) -> dict[str, float]:
    quantiles = dict(report["publishing"]["latency"]["quantiles_ms"])
    return {
        "events_per_second": report["events"] / report["window"]["seconds"],
        "cpu_us_per_event": 1e6 * report["window"]["server_cpu_seconds"] / report["events"],
        "acknowledged_p99_ms": quantiles[0.99],
    }


def beside_figures(report: Report) -> dict[str, float]:
    """Return the latency, and the rate of the replays: low latency by delaying the replays would not be good."""
    replayed = report["replayers"]["deliveries"] / report["window"]["seconds"]
    return {**latency_figures(report), "replayed_per_second": replayed}


def replay_figures(report: Report) -> dict[str, float]:
    return {
        "events_per_second": report["deliveries"] / report["last_event_seconds"],
        "cpu_us_per_event": 1e6 * report["window"]["server_cpu_seconds"] / report["deliveries"],
    }


def _fill(system: System, scratch: Path, events: int) -> None:
    with running(system, scratch) as server:
        server.drive("--mode", "publish", "--events", str(events), *system.publishing(_LARGEST_BATCH))


def _read(server: Running, events: int) -> Report:
    reading = ["--mode", "read", "--subscribers", "1", "--events", str(events)]
    return server.drive(*reading, *server.system.replaying())
