"""Rounds: every system once, then every system again, so that a disturbance of the machine affects all of them alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import median
from typing import Any, Final

from tests.benchmark.running import MeasurementError, Report, faults, scratch_folder
from tests.benchmark.scenarios import Scenario
from tests.benchmark.systems import System

Round = dict[str, Any]  # what tables and charts are made from; {} if the system could not be measured

_DISTURBING: Final = 0.05  # share of a core that other processes used


def measure(
    scenario: Scenario, systems: Sequence[System], rounds: int, say: Callable[[str], None]
) -> dict[str, dict[str, Any]]:
    """Measure a scenario on all systems that take part, in turn; return the rounds of each, with their summary."""
    taking_part = [system for system in systems if scenario.measures(system)]
    found: dict[str, list[Round]] = {system.name: [] for system in taking_part}
    for number in range(1, rounds + 1):
        for system in taking_part:
            found[system.name].append(_measure_once(scenario, system, number, say))
    return {name: {"rounds": results, **summary(results)} for name, results in found.items()}


def summary(results: Sequence[Round]) -> dict[str, dict[str, float]]:
    """Return the median, the least and the most of each figure over the rounds that could be measured."""
    measured = [result["figures"] for result in results if result]
    values = {name: [figures[name] for figures in measured] for name in (measured[0] if measured else {})}
    return {
        "median": {name: median(each) for name, each in values.items()},
        "least": {name: min(each) for name, each in values.items()},
        "most": {name: max(each) for name, each in values.items()},
    }


def _measure_once(scenario: Scenario, system: System, number: int, say: Callable[[str], None]) -> Round:
    try:
        with scratch_folder() as scratch:
            report = scenario.measure(system, scratch)
    except MeasurementError as error:
        say(f"{scenario.name}: {error}")
        return {}
    result = _round(scenario, report)
    say(_line(scenario, system, number, result) + _disturbance(report["window"]))
    return result


def _round(scenario: Scenario, report: Report) -> Round:
    quantiles = report["subscribers"]["latency"]["quantiles_ms"] if scenario.keeps_quantiles else None
    return {
        "figures": scenario.figures(report),
        "faults": faults(report),
        "driver_utilisation": report["window"]["driver_utilisation"],
        **({} if quantiles is None else {"latency_quantiles_ms": quantiles}),
    }


def _line(scenario: Scenario, system: System, number: int, result: Round) -> str:
    figures = "  ".join(f"{name} {value:,.2f}" for name, value in result["figures"].items())
    wrong = "".join(f"  {name.upper()} {count}" for name, count in result["faults"].items())
    return f"{scenario.name:<14} {number}  {system.name:<14} {figures}{wrong}"


def _disturbance(window: Report) -> str:
    others = (window["others_cpu_seconds"] + window["stolen_seconds"]) / window["seconds"]
    return f"  (others used {others:.0%} of a core)" if others > _DISTURBING else ""
