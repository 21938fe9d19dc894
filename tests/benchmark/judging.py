"""How figures are judged: each has a bound and an aim. Most are ratios within one round, which do not depend on the machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure of a system in a scenario."""

    scenario: str
    name: str
    system: str = "orders-events"


@dataclass(frozen=True, slots=True)
class Target:
    """The bounds of a figure, or of its ratio to another figure of the same round, or of its difference to it.

    `of`: the other figure; None if there is none. `is_difference`: whether the other figure is subtracted, not divided by.
    `least`: a worse value misses the target. `aim`: the value that is wanted. `unit`: empty for a ratio.
    """

    title: str
    figure: Figure
    of: Figure | None
    least: float
    aim: float
    unit: str = ""
    more_is_better: bool = False
    is_difference: bool = False


def judge(targets: Sequence[Target], scenarios: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Judge the results by the targets; targets whose scenario was not run are left out."""
    return [_judge(each, _values(each, scenarios)) for each in targets if each.figure.scenario in scenarios]


def _judge(target: Target, values: Sequence[float]) -> dict[str, Any]:
    found = {
        "title": target.title,
        "unit": target.unit,
        "more_is_better": target.more_is_better,
        "least": target.least,
        "aim": target.aim,
        "values": list(values),
    }
    return {**found, "reached": _verdict(target, median(values)) if values else "not measured"}


def _verdict(target: Target, value: float) -> str:
    def reaches(bound: float) -> bool:
        return value >= bound if target.more_is_better else value <= bound

    if reaches(target.aim):
        return "aim"
    return "least" if reaches(target.least) else "no"


def _values(target: Target, scenarios: Mapping[str, Any]) -> list[float]:
    """Return the figure, the ratio or the difference in each round in which it was measured."""
    figures = _rounds(target.figure, scenarios)
    if target.of is None:
        return [each for each in figures if each is not None]
    pairs = zip(figures, _rounds(target.of, scenarios), strict=False)
    return [a - b if target.is_difference else a / b for a, b in pairs if a is not None and b is not None]


def _rounds(figure: Figure, scenarios: Mapping[str, Any]) -> list[float | None]:
    systems = scenarios[figure.scenario]["systems"] if figure.scenario in scenarios else {}
    rounds = systems[figure.system]["rounds"] if figure.system in systems else []
    return [each["figures"][figure.name] if each else None for each in rounds]
