"""The benchmark's texts follow its results: medians of ratios within a round, and READMEs that are made from them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.benchmark import delivering, findings, pages, tables
from tests.benchmark.measured_systems import SYSTEMS
from tests.benchmark.scenarios import scenarios
from tests.benchmark.sizes import FULL
from tests.benchmark.targets import judged

ONE = "one-1000"


def found(*rounds: float | None) -> dict[str, Any]:
    """Make the results of a system; None stands for a round in which it could not be measured."""
    return {"rounds": [{} if each is None else {"figures": {"cpu_us_per_delivery": each}} for each in rounds]}


def judged_against_nchan(ours: dict[str, Any], nchan: dict[str, Any] | None) -> dict[str, Any]:
    systems = {"orders-events": ours, **({} if nchan is None else {"nchan": nchan})}
    return judged(FULL, {ONE: {"title": "", "systems": systems}})[0]


def test_a_ratio_is_taken_within_each_round() -> None:
    # The second round was twice as slow for both systems: that is the machine, and the ratio does not show it.
    assert judged_against_nchan(found(4, 12, 6), found(8, 16, 12))["values"] == [0.5, 0.75, 0.5]


def test_a_round_in_which_one_of_both_was_not_measured_does_not_count() -> None:
    assert judged_against_nchan(found(4, None, 6), found(8, 16, None))["values"] == [0.5]


@pytest.mark.parametrize("nchan", [None, found(None, None)])
def test_a_ratio_to_an_absent_system_is_not_measured(nchan: dict[str, Any] | None) -> None:
    target = judged_against_nchan(found(4, 6), nchan)
    assert (target["values"], target["reached"]) == ([], "not measured")


@pytest.mark.parametrize(
    ("ratios", "reached"),
    [((0.5, 0.85, 3), "aim"), ((0.5, 0.86, 0.86), "least"), ((0.95, 0.95, 9), "least"), ((0.1, 0.96, 9), "no")],
)
def test_the_median_decides_what_is_reached(ratios: tuple[float, ...], reached: str) -> None:
    target = judged_against_nchan(found(*ratios), found(*(1 for _ in ratios)))
    assert target["reached"] == reached


def test_bounds_are_lower_ones_if_more_is_better() -> None:
    rates = (79_000, 81_000, 190_000)
    rounds = [{"figures": {"events_per_second": rate, "cpu_us_per_event": 10}} for rate in rates]
    scenarios = {"publish-500": {"title": "", "systems": {"orders-events": {"rounds": rounds}}}}
    assert [target["reached"] for target in judged(FULL, scenarios) if target["unit"] == "/s"] == ["least"]


def test_a_small_ratio_is_written_as_a_fraction() -> None:
    fastapi = {"title": "", "systems": {"orders-events": found(4, 5), "fastapi": found(100, 100)}}
    row = tables.targets_table({"targets": judged(FULL, {ONE: fastapi})}).splitlines()[3]
    assert row == "| the same against FastAPI's SSE | ≤ 1/10 | ≤ 1/15 | **1/22.2** (1/25 to 1/20) | aim |"


def test_cost_and_latency_of_a_paced_stream_come_from_one_run() -> None:
    quantiles = [[0.5, 1.5], [0.99, 9.0], [0.999, 12.0]]
    report = {
        "deliveries": 100_000,
        "window": {"server_cpu_seconds": 0.5},
        "subscribers": {"latency": {"quantiles_ms": quantiles}},
    }
    figures = {"cpu_us_per_delivery": 5.0, "p50_ms": 1.5, "p99_ms": 9.0, "p999_ms": 12.0}
    assert delivering.paced_figures(report) == figures


def test_paced_streams_are_measured_on_the_systems_that_keep_up() -> None:
    (paced,) = (each for each in scenarios(FULL) if each.name == "paced-1000")
    assert [system.name for system in SYSTEMS if paced.measures(system)] == [
        "limit",
        "orders-events",
        "nchan",
        "mercure",
        "node",
        "orders-events-keys",
    ]


def test_transports_are_compared_at_one_size_of_crowd() -> None:
    def taking_part(name: str) -> set[str]:
        (scenario,) = (each for each in scenarios(FULL) if each.name == name)
        return {system.name for system in others if scenario.measures(system)}

    others = [each for each in SYSTEMS if each.other_transport]
    assert taking_part("one-1000") == taking_part("idle-5000") == {each.name for each in others}
    assert taking_part("one-100") == taking_part("latency-1000") == taking_part("publish-1") == set()
    assert taking_part("replay-1000000") == taking_part("bytes-500") == {"orders-events-gzip"}
    assert taking_part("grpc-200000") == {"orders-events-grpc"}


def test_access_tokens_are_measured_beside_the_server_without_keys() -> None:
    def taking_part(name: str) -> set[str]:
        (scenario,) = (each for each in scenarios(FULL) if each.name == name)
        return {system.name for system in SYSTEMS if system.scenarios and scenario.measures(system)}

    assert taking_part("one-1000") == taking_part("paced-1000") == taking_part("publish-1") == {"orders-events-keys"}
    assert taking_part("idle-5000") == {"orders-events-keys", "orders-events-new-tokens"}
    assert taking_part("replay-1000000") == taking_part("grpc-200000") == set()


def test_a_difference_is_taken_within_each_round() -> None:
    def idle(*rounds: float) -> dict[str, Any]:
        return {"rounds": [{"figures": {"memory_kb_per_stream": each, "accept_ms_per_stream": 1}} for each in rounds]}

    systems = {"orders-events": idle(2, 3), "orders-events-gzip": idle(2.5, 2.75)}
    targets = judged(FULL, {"idle-5000": {"title": "", "systems": systems}})
    (memory,) = (each for each in targets if "more than plain" in each["title"])
    assert (memory["values"], memory["unit"], memory["reached"]) == ([0.5, -0.25], " KB", "least")


@pytest.mark.parametrize(("scenario", "shown"), [("one-1000", False), ("paced-1000", True)])
def test_a_column_is_shown_if_its_scenario_was_measured(scenario: str, shown: bool) -> None:
    system = {"orders-events": {"rounds": [], "median": {"cpu_us_per_delivery": 4.25, "p99_ms": 8.0}}}
    results = {"sizes": {"idle_crowd": 5000}, "scenarios": {scenario: {"title": "", "systems": system}}}
    head, _, row = tables.systems_table(results).splitlines()
    assert ("50 events/s: CPU µs | p99, ms |" in head) is shown
    assert row.startswith("| Orders Events | 4.2 | ")


def test_results_are_read_as_they_were_written_with_a_line_for_each_scenario(tmp_path: Path) -> None:
    scenarios = {name: {"title": name, "systems": {"orders-events": found(4, 5)}} for name in (ONE, "paced-1000")}
    results = {"machine": {"processor": "µ"}, "absent": {}, "scenarios": scenarios, "targets": []}
    findings.write(results, tmp_path)
    assert findings.read(tmp_path) == results
    (file,) = tmp_path.iterdir()
    assert [ONE in line for line in file.read_text().splitlines()].count(True) == 1


@pytest.mark.parametrize("file", [pages.README, pages.METHOD], ids=["README", "benchmark"])
def test_readmes_show_the_results_that_are_kept(file: Path) -> None:
    assert pages.shown(file) == pages.sections(findings.read(pages.RESULTS))[file]


def test_the_page_of_every_figure_is_made_from_the_results_that_are_kept() -> None:
    kept = findings.read(pages.RESULTS)
    page = pages.RESULTS / "README.md"
    assert (page.read_text() if page.exists() else None) == (None if kept is None else pages.page(kept))


def test_charts_of_the_readmes_exist() -> None:
    kept = findings.read(pages.RESULTS)
    expected = set() if kept is None else {f"{name}.svg" for name in pages.CHARTS}
    assert {each.name for each in Path(pages.RESULTS).glob("*.svg")} == expected
