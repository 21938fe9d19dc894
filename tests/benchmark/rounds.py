"""Rounds: every system once, then every system once again, so that what disturbs the machine disturbs all alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import median
from typing import Any

from tests.benchmark.running import faults, running
from tests.benchmark.scenarios import Scenario
from tests.benchmark.systems import System

Figures = dict[str, float]


def measure(
    scenario: Scenario, systems: Sequence[System], rounds: int, seconds: float, say: Callable[[str], None]
) -> dict[str, Any]:
    """Measure a scenario on all systems that take part, in alternation; give each one's rounds and what they come to."""
    taking_part = [system for system in systems if scenario.takes_part(system)]
    found: dict[str, list[dict[str, Any]]] = {system.name: [] for system in taking_part}
    for number in range(1, rounds + 1):
        for system in taking_part:
            result = _measure_once(scenario, system, seconds)
            found[system.name].append(result)
            say(_line(scenario, system, number, result))
    return {name: {"rounds": results, **summary(results)} for name, results in found.items()}


def summary(results: Sequence[dict[str, Any]]) -> dict[str, Figures]:
    """Give the median, the least and the most of each figure over the rounds."""
    figures = {name: [result["figures"][name] for result in results] for name in results[0]["figures"]}
    return {
        "median": {name: median(values) for name, values in figures.items()},
        "least": {name: min(values) for name, values in figures.items()},
        "most": {name: max(values) for name, values in figures.items()},
    }


def _measure_once(scenario: Scenario, system: System, seconds: float) -> dict[str, Any]:
    with running(system) as server:
        report = server.drive(*scenario.options(system, seconds))
    return {
        "figures": scenario.figures(report),
        "faults": faults(report),
        "driver_utilisation": report["window"]["driver_utilisation"],
        "server_utilisation": report["window"]["server_utilisation"],
        "others_cpu_seconds": report["window"]["others_cpu_seconds"],
        "events": report["events"],
        "deliveries": report["deliveries"],
    }


def _line(scenario: Scenario, system: System, number: int, result: dict[str, Any]) -> str:
    figures = "  ".join(f"{name} {value:,.2f}" for name, value in result["figures"].items())
    wrong = "".join(f"  {name.upper()} {count}" for name, count in result["faults"].items())
    return f"{scenario.name:<12} {number}  {system.name:<18} {figures}{wrong}"
