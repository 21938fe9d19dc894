"""The results of a run: one JSON file, from which every table and chart is made."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from tests.benchmark.machine import describe
from tests.benchmark.rounds import measure
from tests.benchmark.scenarios import Scenario
from tests.benchmark.sizes import Sizes
from tests.benchmark.systems import System
from tests.benchmark.targets import judged

Results = dict[str, Any]

_FILE: Final = "results.json"


def take(
    sizes: Sizes, scenarios: Sequence[Scenario], systems: Sequence[System], folder: Path, say: Callable[[str], None]
) -> None:
    """Measure the scenarios on the systems that are installed, and write the results into a folder after each scenario.

    Results of other scenarios in the folder stay if they were taken at the same sizes: the systems take turns within a scenario, so a
    scenario does not depend on another.
    """
    absent = {system.title: system.missing() for system in systems if system.missing()}
    for title, reason in absent.items():
        say(f"{title} is absent: {reason}.")
    present = [system for system in systems if system.title not in absent]
    results: Results = {
        "machine": describe(present),
        "sizes": asdict(sizes),
        "absent": absent,
        "scenarios": _kept(folder, sizes),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for scenario in scenarios:
        found = measure(scenario, present, sizes.rounds, say)
        results["scenarios"][scenario.name] = {"title": scenario.title, "systems": found}
        results["targets"] = judged(sizes, results["scenarios"])
        write(results, folder)


def _kept(folder: Path, sizes: Sizes) -> Results:
    kept = read(folder)
    if kept is None or kept["sizes"] != json.loads(json.dumps(asdict(sizes))):
        return {}
    scenarios: Results = kept["scenarios"]
    return scenarios


def read(folder: Path) -> Results | None:
    """Read the results in a folder; None if there are none."""
    file = folder / _FILE
    results: Results | None = json.loads(file.read_text()) if file.exists() else None
    return results


def write(results: Results, folder: Path) -> None:
    """Write results into a folder, each scenario on a line of its own: a run of one scenario changes one line."""
    members = [_member(name, each) for name, each in results.items() if name != "scenarios"]
    scenarios = ",\n".join(_member(name, each) for name, each in results["scenarios"].items())
    text = ",\n".join([*members, f'"scenarios": {{\n{scenarios}\n}}'])
    (folder / _FILE).write_text(f"{{\n{text}\n}}\n")


def _member(name: str, value: object) -> str:
    return f"{json.dumps(name)}: {json.dumps(value, ensure_ascii=False)}"


def has_faults(results: Results) -> bool:
    """Return whether any system lost, repeated or reordered an event, or gave it a wrong id."""
    return any(
        each.get("faults")
        for scenario in results["scenarios"].values()
        for found in scenario["systems"].values()
        for each in found["rounds"]
    )
