"""The pages that show results: a section of the README, one of the benchmark's own README, a page with every figure, and charts.

All are made from the JSON file.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from tests.benchmark import tables
from tests.benchmark.findings import Results
from tests.benchmark.programs import ROOT

RESULTS: Final = ROOT / "tests" / "benchmark" / "results"
README: Final = ROOT / "README.md"
METHOD: Final = ROOT / "tests" / "benchmark" / "README.md"
CHARTS: Final = {
    "cost": "CPU time of a delivery against the number of subscribers",
    "throughput": "Deliveries a second against the number of subscribers",
    "latency": "Distribution of latency",
    "memory": "Memory of an idle stream",
}

_SECTION: Final = re.compile(r"(?<=<!-- benchmark -->\n).*?(?=<!-- /benchmark -->)", re.DOTALL)


def write(results: Results, folder: Path) -> None:
    """Write page and charts beside the JSON file, and the sections of both READMEs if these are the results that are kept."""
    from tests.benchmark.charts import draw  # noqa: PLC0415  # matplotlib is there for `make bench`, not for the tests

    draw(results, folder)
    (folder / "README.md").write_text(page(results))
    if folder == RESULTS:
        for file, text in sections(results).items():
            put(text, file)


def sections(results: Results | None) -> dict[Path, str]:
    """Make what stands between the marks of each README; nothing is claimed before it was measured."""
    if results is None:
        return dict.fromkeys((README, METHOD), "No results are kept yet.\n")
    return {README: _summary(results), METHOD: _section(results)}


def put(text: str, file: Path) -> None:
    """Replace what stands between the marks of a README."""
    file.write_text(_SECTION.sub(lambda _: text, file.read_text()))


def shown(file: Path) -> str:
    """Return what stands between the marks of a README now."""
    found = _SECTION.search(file.read_text())
    return found[0] if found else ""


def _summary(results: Results) -> str:
    picture = f"![{CHARTS['cost']}](tests/benchmark/results/cost.svg)"
    date, processor = results["machine"]["date"], results["machine"]["processor"]
    rest = f"Taken {date}, {processor}: [method, peers and every figure](tests/benchmark/README.md)."
    return _paragraphs([tables.headlines(results), picture, rest])


def _section(results: Results) -> str:
    pictures = "\n".join(f"![{text}](results/{name}.svg)" for name, text in CHARTS.items())
    rest = "Every figure with its spread, and versions: [results](results/README.md)."
    made = [tables.targets_table(results), tables.systems_table(results), tables.absentees(results)]
    return _paragraphs([_machine(results), *made, pictures, rest])


def page(results: Results) -> str:
    """Write the page that has every figure."""
    spread = "Medians over the rounds, with the least and the most. Where the driver was busy all the time, deliveries a second"
    return _paragraphs(
        [
            "# Results of the benchmark",
            _machine(results),
            "\n".join(f"- {name}: {version}" for name, version in results["machine"]["versions"].items()),
            tables.absentees(results),
            tables.targets_table(results),
            "## Every figure",
            f"{spread} show its limit, not the server's.",
            tables.scenario_tables(results),
        ]
    )


def _machine(results: Results) -> str:
    machine, rounds = results["machine"], results["sizes"]["rounds"]
    return (
        f"Taken {machine['date']} at commit {machine['commit']}: {machine['processor']}, {machine['cores']} cores, "
        f"{machine['memory_gb']} GB, {machine['kernel']}, Python {machine['python']}. Server on one core, load on another; "
        f"{'medians of ' if rounds > 1 else ''}{rounds} alternating round{'s' if rounds > 1 else ''}."
    )


def _paragraphs(parts: list[str]) -> str:
    return "\n\n".join(part for part in parts if part) + "\n"
