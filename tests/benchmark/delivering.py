"""Measurements of delivery: the cost of an event for each subscriber, and its latency."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from tests.benchmark.running import Report, running
from tests.benchmark.systems import System

_WARM_UP: Final = (
    0.1  # share of the time of a measurement, before it begins: just-in-time compilers have compiled the loop by then
)
_ORDERS_IN_A_BURST: Final = 10  # events of one request, each of a different order

Measure = Callable[[System, Path], Report]


def in_lockstep(subscribers: int, burst: int, seconds: float) -> Measure:
    """Publish a burst when every subscriber has the one before; in one request, if the system takes several events in one."""

    def options(system: System) -> list[str]:
        bursts = ["--burst", str(burst), *_times(seconds)]
        return [*_crowd("lockstep", subscribers), *bursts, *system.subscribing(), *system.publishing(burst)]

    return _once(options)


def by_order(subscribers: int, seconds: float) -> Measure:
    """Publish in lockstep to subscribers that follow one order each; each event belongs to one of them."""

    def options(system: System) -> list[str]:
        size = _ORDERS_IN_A_BURST
        bursts = ["--burst", str(size), *_times(seconds)]
        orders = [*system.subscribing("?orderId=o-$index"), *system.publishing(size, by_order=True)]
        return [*_crowd("lockstep", subscribers), "--spread", *bursts, *orders]

    return _once(options)


def at_rate(subscribers: int, rate: int, seconds: float) -> Measure:
    """Publish this many events a second, however quickly the system delivers them."""
    return _once(lambda system: rate_options(system, subscribers, rate, seconds))


def idle(subscribers: int, seconds: float) -> Measure:
    """Open streams, wait, and then publish one event, which shows that all of them work."""

    def options(system: System) -> list[str]:
        times = ["--events", "1", "--settle-seconds", "2", "--idle-seconds", f"{seconds:g}"]
        return [*_crowd("lockstep", subscribers), *times, *system.subscribing(), *system.publishing()]

    def measure(system: System, scratch: Path) -> Report:
        own = ["--own-headers", str(system.own_headers(scratch, subscribers))] if system.own_headers else []
        with running(system, scratch) as server:
            return server.drive(*options(system), *own)

    return measure


def rate_options(system: System, subscribers: int, rate: int, seconds: float) -> list[str]:
    pace = ["--rate", str(rate), *_times(seconds)]
    return [*_crowd("rate", subscribers), *pace, *system.subscribing(), *system.publishing()]


def delivery_figures(report: Report) -> dict[str, float]:
    deliveries, window = report["deliveries"], report["window"]
    return {
        "cpu_us_per_delivery": 1e6 * window["server_cpu_seconds"] / deliveries,
        "deliveries_per_second": deliveries / report["last_event_seconds"],
    }


def event_figures(report: Report) -> dict[str, float]:
    return {"cpu_us_per_event": 1e6 * report["window"]["server_cpu_seconds"] / report["events"]}


def latency_figures(report: Report) -> dict[str, float]:
    quantiles = dict(report["subscribers"]["latency"]["quantiles_ms"])
    return {"p50_ms": quantiles[0.5], "p99_ms": quantiles[0.99], "p999_ms": quantiles[0.999]}


def paced_figures(report: Report) -> dict[str, float]:
    cost = 1e6 * report["window"]["server_cpu_seconds"] / report["deliveries"]
    return {"cpu_us_per_delivery": cost, **latency_figures(report)}


def idle_figures(subscribers: int) -> Callable[[Report], dict[str, float]]:
    def figures(report: Report) -> dict[str, float]:
        memory = report["memory"]
        return {
            "memory_kb_per_stream": (memory["idle_bytes"] - memory["before_bytes"]) / 1024 / subscribers,
            "accept_ms_per_stream": 1e3 * report["accepting"]["server_cpu_seconds"] / subscribers,
        }

    return figures


def _crowd(mode: str, subscribers: int) -> list[str]:
    return ["--mode", mode, "--subscribers", str(subscribers)]


def _times(seconds: float) -> list[str]:
    return ["--seconds", f"{seconds:g}", "--warm-up-seconds", f"{_WARM_UP * seconds:g}"]


def _once(options: Callable[[System], Sequence[str]]) -> Measure:
    def measure(system: System, scratch: Path) -> Report:
        with running(system, scratch) as server:
            return server.drive(*options(system))

    return measure
