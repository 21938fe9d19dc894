"""The charts as SVG files; the same results give the same bytes."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from statistics import median
from typing import Any, Final

import matplotlib as mpl
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, NullLocator

from tests.benchmark.findings import Results
from tests.benchmark.measured_systems import SYSTEMS
from tests.benchmark.sizes import BURST, LIVE, RATE
from tests.benchmark.tables import measured

# The systems of the charts. Those of the other transports are in the tables: only one size of crowd is measured with them.
# Okabe and Ito's colours, which can be distinguished with any colour vision; ours has the strongest.
_COLOURS: Final = {
    "orders-events": "#d55e00",
    "limit": "#000000",
    "nchan": "#0072b2",
    "mercure": "#56b4e9",
    "node": "#009e73",
    "starlette": "#cc79a7",
    "sse-starlette": "#e69f00",
    "fastapi": "#999999",
}
_TITLES: Final = {system.name: system.title for system in SYSTEMS}
_STYLE: Final = {
    "svg.hashsalt": "orders-events",  # without it, the ids within the file are random
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e5e5e5",
}


def draw(results: Results, folder: Path) -> None:
    """Write into a folder each chart whose scenarios were measured."""
    with mpl.rc_context(_STYLE):
        for name, (kind, make) in _CHARTS.items():
            file = folder / f"{name}.svg"
            file.unlink(missing_ok=True)
            if any(scenario.startswith(f"{kind}-") for scenario in results["scenarios"]):
                # No date and no version of matplotlib: both would change the file without need.
                make(results).savefig(file, format="svg", metadata={"Date": None, "Creator": None})


def _cost(results: Results) -> Figure:
    return _against_subscribers(results, "cpu_us_per_delivery", "server CPU µs per delivery")


def _throughput(results: Results) -> Figure:
    return _against_subscribers(results, "deliveries_per_second", "deliveries/s")


def _against_subscribers(results: Results, name: str, label: str) -> Figure:
    figure = Figure(figsize=(9, 4), layout="constrained")
    kinds = {"one": "one event per wake-up", "burst": f"bursts of {BURST}"}
    shown = [kind for kind in kinds if any(each.startswith(f"{kind}-") for each in results["scenarios"])]
    for place, kind in enumerate(shown, start=1):
        axes = figure.add_subplot(1, len(shown), place)
        for system in _in_order(results):
            points = list(_points(results, kind, system, name))
            axes.plot([x for x, _ in points], [y for _, y in points], **_line(system), marker="o", markersize=4)
        axes.set(xscale="log", yscale="log", title=kinds[kind], xlabel="subscribers", ylabel=label)
        axes.set_xticks(results["sizes"]["crowds"])
        axes.xaxis.set_minor_locator(NullLocator())
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.margins(x=0.1)
        _write_plain_numbers(axes.xaxis, axes.yaxis)
    _legend(figure)
    return figure


def _latency(results: Results) -> Figure:
    figure = Figure(figsize=(9, 4), layout="constrained")
    axes = figure.add_subplot()
    for system, found in _systems(results, f"latency-{LIVE}").items():
        quantiles = _quantiles([each["latency_quantiles_ms"] for each in found["rounds"] if each])
        beyond = [(1 - fraction, value) for fraction, value in quantiles if fraction < 1]
        axes.plot([value for _, value in beyond], [fraction for fraction, _ in beyond], **_line(system))
    axes.set(
        xscale="log",
        yscale="log",
        title=f"{LIVE:,} subscribers, {RATE} events a second",
        xlabel="latency, ms",
        ylabel="deliveries that take longer",
    )
    axes.set_yticks([1, 0.5, 0.1, 0.01, 0.001], ["all", "half", "1 in 10", "1 in 100", "1 in 1,000"])
    axes.set_ylim(1e-3, 1.2)
    _write_plain_numbers(axes.xaxis)
    _legend(figure)
    return figure


def _memory(results: Results) -> Figure:
    crowd = results["sizes"]["idle_crowd"]
    systems = _systems(results, f"idle-{crowd}")
    figure = Figure(figsize=(9, 0.45 * len(systems) + 1.2), layout="constrained")
    axes = figure.add_subplot()
    for row, (system, found) in enumerate(reversed(systems.items())):
        bar = axes.barh(row, found["median"]["memory_kb_per_stream"], color=_COLOURS[system], height=0.6)
        axes.bar_label(bar, fmt="{:.1f}", padding=4)
    axes.set_yticks(range(len(systems)), [_TITLES[system] for system in reversed(systems)])
    axes.margins(x=0.08)
    axes.set(xlabel=f"KB per idle stream, {crowd:,} streams")
    axes.grid(visible=False, axis="y")
    return figure


def _systems(results: Results, scenario: str) -> dict[str, Any]:
    """Return the results of the systems of the charts that could be measured in a scenario."""
    found = results["scenarios"].get(scenario, {"systems": {}})["systems"]
    return {system: each for system, each in found.items() if each["median"] and system in _COLOURS}


def _in_order(results: Results) -> list[str]:
    return [system.name for system in SYSTEMS if system.name in measured(results) and system.name in _COLOURS]


def _points(results: Results, kind: str, system: str, name: str) -> Iterable[tuple[int, float]]:
    for scenario, found in results["scenarios"].items():
        start, _, subscribers = scenario.partition("-")
        if start == kind and found["systems"].get(system, {"median": {}})["median"]:
            yield int(subscribers), found["systems"][system]["median"][name]


def _quantiles(rounds: list[list[tuple[float, float]]]) -> list[tuple[float, float]]:
    """Return the median over the rounds of each quantile."""
    return [(same[0][0], median(value for _, value in same)) for same in zip(*rounds, strict=True)]


def _line(system: str) -> dict[str, Any]:
    ours = system == "orders-events"
    return {
        "color": _COLOURS[system],
        "label": _TITLES[system],
        "linewidth": 3 if ours else 1.5,
        "zorder": 3 if ours else 2,
    }


def _write_plain_numbers(*scales: Axis) -> None:
    for scale in scales:
        scale.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
        scale.set_minor_formatter(NullFormatter())


def _legend(figure: Figure) -> None:
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside right center", frameon=False)


_CHARTS: Final = {  # by the name of the file: the kind of scenario that it needs, and the function that draws it
    "cost": ("one", _cost),
    "throughput": ("one", _throughput),
    "latency": ("latency", _latency),
    "memory": ("idle", _memory),
}
