"""Each fault of a bad consumer is found by its scenario, and nothing is found in good consumers."""

from __future__ import annotations

from tests.rehearse.planted import PLANTED
from tests.rehearse.rehearsing import found, node_consumer, python_consumer, rehearse


async def test_each_planted_fault_is_found_by_its_scenario() -> None:
    played = [(each.consumer(each.fault), each.scenario) for each in PLANTED]
    results = await rehearse(played)
    missed = {
        f"{planted.fault} in {planted.scenario}": found(result)
        for planted, result in zip(PLANTED, results, strict=True)
        if planted.finding not in found(result)
    }
    assert missed == {}


async def test_nothing_is_found_in_good_consumers() -> None:
    """They pass the scenarios that find the faults of others."""
    played = sorted({(each.consumer("none"), each.scenario) for each in PLANTED})
    results = await rehearse(played)
    faulty = {f"{command[0]} in {name}": found(result) for (command, name), result in zip(played, results, strict=True)}
    assert {name: text for name, text in faulty.items() if text} == {}


async def test_nothing_is_found_in_consumers_that_take_their_time() -> None:
    names = ("live", "cut-between-events", "closing-drain", "closing-end", "status-204")
    played = [(python_consumer(pace), name) for pace in ("slow", "silent") for name in names]
    assert [found(each) for each in await rehearse(played)] == [""] * len(played)


def test_there_are_a_dozen_faults_in_both_languages() -> None:
    assert len({each.fault for each in PLANTED if each.consumer is python_consumer}) >= 12
    assert len({each.fault for each in PLANTED if each.consumer is node_consumer}) >= 10
