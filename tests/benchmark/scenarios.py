"""What is measured: for each scenario who takes part, what the driver is told, and which figures come of its report."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tests.benchmark.systems import System

CROWDS: Final = (100, 1_000, 5_000)
BURST: Final = 64

Report = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Scenario:
    """One measurement of one system.

    `options` are the driver's, for a system and a time in seconds that a measurement should take. `figures` reads its report.
    """

    name: str
    title: str
    options: Callable[[System, float], Sequence[str]]
    figures: Callable[[Report], dict[str, float]]
    takes_part: Callable[[System], bool] = lambda _: True


def _delivering(subscribers: int, burst: int) -> Callable[[System, float], Sequence[str]]:
    def options(system: System, seconds: float) -> Sequence[str]:
        lockstep = ["--mode", "lockstep", "--subscribers", str(subscribers), "--seconds", f"{seconds:g}"]
        bursts = ["--burst", str(burst), "--warm-up", str(2 * burst)]
        return [*lockstep, *bursts, *system.subscribing(), *system.publishing(burst)]

    return options


def _delivery_figures(report: Report) -> dict[str, float]:
    deliveries, window = report["deliveries"], report["window"]
    return {
        "cpu_us_per_delivery": 1e6 * window["server_cpu_seconds"] / deliveries,
        "deliveries_per_second": deliveries / report["last_event_seconds"],
    }


SCENARIOS: Final = (
    *(
        Scenario(
            f"one-{crowd}",
            f"One event per wake-up, {crowd:,} subscribers",
            _delivering(crowd, 1),
            _delivery_figures,
        )
        for crowd in CROWDS
    ),
    *(
        Scenario(
            f"burst-{crowd}",
            f"Bursts of {BURST}, {crowd:,} subscribers",
            _delivering(crowd, BURST),
            _delivery_figures,
        )
        for crowd in CROWDS
    ),
)
