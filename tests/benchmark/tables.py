"""The texts and tables of the READMEs and of the results page, made only from the results of a run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import median
from typing import Any, Final

from tests.benchmark.asgi_peers import FASTAPI
from tests.benchmark.findings import Results
from tests.benchmark.measured_systems import SYSTEMS
from tests.benchmark.other_peers import NCHAN, NODE
from tests.benchmark.ours import OURS
from tests.benchmark.sizes import BURST, LIVE, PACE, RATE

_COLUMNS: Final = (  # columns of the table of systems: title, scenario, figure, digits
    ("one event: CPU µs", f"one-{LIVE}", "cpu_us_per_delivery", 1),
    ("deliveries/s", f"one-{LIVE}", "deliveries_per_second", 0),
    (f"bursts of {BURST}: CPU µs", f"burst-{LIVE}", "cpu_us_per_delivery", 2),
    ("deliveries/s", f"burst-{LIVE}", "deliveries_per_second", 0),
    (f"p99 at {RATE} events/s, ms", f"latency-{LIVE}", "p99_ms", 1),
    (f"{PACE} events/s: CPU µs", f"paced-{LIVE}", "cpu_us_per_delivery", 1),
    ("p99, ms", f"paced-{LIVE}", "p99_ms", 1),
)

_HEADLINE_PEERS: Final = (NCHAN, NODE, FASTAPI)
_TITLES: Final = {system.name: system.title for system in SYSTEMS}


def targets_table(results: Results) -> str:
    """Write the table of targets: each figure, what it should be, and what it was."""
    rows = [(each["title"], *_bounds(each), _found(each), each["reached"]) for each in results["targets"]]
    return _table(("figure", "least", "aim", "found (least to most)", "reached"), rows)


def systems_table(results: Results) -> str:
    """Write the table of systems: CPU time per delivered event, latency, and the cost of a stream; only columns that were measured."""
    crowd = results["sizes"]["idle_crowd"]
    possible = [
        *_COLUMNS,
        (f"memory of an idle stream at {crowd:,}, KB", f"idle-{crowd}", "memory_kb_per_stream", 1),
        ("accepting it, CPU ms", f"idle-{crowd}", "accept_ms_per_stream", 2),
    ]
    columns = [column for column in possible if column[1] in results["scenarios"]]
    rows = [
        (
            system.title,
            *(_median(results, scenario, system.name, name, digits) for _, scenario, name, digits in columns),
        )
        for system in SYSTEMS
        if system.name in measured(results)
    ]
    return _table((f"{LIVE:,} subscribers", *(title for title, *_ in columns)), rows)


def headlines(results: Results) -> str:
    """Write the three figures of the README, each in one line."""
    cost = {
        system: _median(results, f"one-{LIVE}", system.name, "cpu_us_per_delivery", 1) for system in _HEADLINE_PEERS
    }
    peers = "; ".join(f"{system.title}: {figure}" for system, figure in cost.items() if figure)
    ours = _median(results, f"one-{LIVE}", OURS.name, "cpu_us_per_delivery", 1)
    stored = _median(results, "publish-500", OURS.name, "events_per_second", 0)
    replayed = _median(results, f"replay-{results['sizes']['stored_events']}", OURS.name, "events_per_second", 0)
    return "\n".join(
        (
            f"- One event to {LIVE:,} subscribers takes **{ours} µs** of the server's CPU for each of them ({peers}).",
            f"- Publishing over HTTP stores **{stored} events a second** on one core, each on disk before it is acknowledged.",
            f"- Replay sends **{replayed} stored events a second** to one subscriber.",
        )
    )


def scenario_tables(results: Results) -> str:
    """Write every figure of every scenario, with its spread."""
    return "\n\n".join(
        f"### {scenario['title']}\n\n{_scenario_table(scenario['systems'])}"
        for scenario in results["scenarios"].values()
        if scenario["systems"]
    )


def absentees(results: Results) -> str:
    """Write one line for each system that was not measured, with the reason."""
    return "\n".join(f"- {title} was not measured: {reason}." for title, reason in results["absent"].items())


def measured(results: Results) -> set[str]:
    """Return the names of the systems that took part."""
    return {system for scenario in results["scenarios"].values() for system in scenario["systems"]}


def _scenario_table(systems: dict[str, Any]) -> str:
    names = next((list(found["median"]) for found in systems.values() if found["median"]), [])
    rows = [
        (_TITLES[system], *(_spread(found, name) for name in names), _busy(found["rounds"]), _faults(found["rounds"]))
        for system, found in systems.items()
    ]
    return _table(("system", *(name.replace("_", " ") for name in names), "driver busy", "faults"), rows)


def _spread(found: dict[str, Any], name: str) -> str:
    if not found["median"]:
        return "not measured"
    return f"{_number(found['median'][name])} ({_number(found['least'][name])} to {_number(found['most'][name])})"


def _busy(rounds: Sequence[dict[str, Any]]) -> str:
    """Write how busy the driver was: if it was always busy, deliveries a second show its limit, not the server's."""
    return f"{max((each['driver_utilisation'] for each in rounds if each), default=0):.0%}"


def _faults(rounds: Iterable[dict[str, Any]]) -> str:
    counts: dict[str, int] = {}
    for each in rounds:
        for name, count in each.get("faults", {}).items():
            counts[name] = counts.get(name, 0) + count
    return ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in counts.items()) or "none"


def _bounds(target: dict[str, Any]) -> tuple[str, str]:
    sign = "≥" if target["more_is_better"] else "≤"
    return f"{sign} {_value(target, target['least'])}", f"{sign} {_value(target, target['aim'])}"


def _found(target: dict[str, Any]) -> str:
    values = target["values"]
    if not values:
        return "not measured"
    return f"**{_value(target, median(values))}** ({_value(target, min(values))} to {_value(target, max(values))})"


def _value(target: dict[str, Any], value: float) -> str:
    if not target["unit"] and value < 1 / 5:
        return f"1/{_number(1 / value)}"
    return f"{_number(value)}{target['unit']}"


def _number(value: float) -> str:
    """Write three significant digits, and whole numbers above a hundred."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _median(results: Results, scenario: str, system: str, name: str, digits: int) -> str:
    systems = results["scenarios"].get(scenario, {"systems": {}})["systems"]
    medians = systems[system]["median"] if system in systems else {}
    return f"{medians[name]:,.{digits}f}" if name in medians else ""


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(line)} |" for line in (head, ["---"] * len(head), *rows))
