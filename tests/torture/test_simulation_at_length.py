"""The suite's simulation: 10,000 small seeds, and a few large ones."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import TypeAlias

import pytest

from tests.simulation.play import simulate
from tests.simulation.world import Size

SMALL_SEEDS = range(1_000, 11_000)
LARGE_SEEDS = range(8)
LARGE = Size(readers=300, events=10_000, faults=80, seconds=2_400)

Report: TypeAlias = Callable[[str], None]


@pytest.mark.parametrize(("seeds", "size"), [(SMALL_SEEDS, Size()), (LARGE_SEEDS, LARGE)], ids=["small", "large"])
def test_no_seed_breaks_a_promise(seeds: range, size: Size, report: Report) -> None:
    with ProcessPoolExecutor() as pool:
        outcomes = list(pool.map(partial(simulate, size=size), seeds, chunksize=max(1, len(seeds) // 400)))
    sessions, gaps = sum(outcome.sessions for outcome in outcomes), sum(outcome.gaps for outcome in outcomes)
    broken = [(outcome.seed, outcome.faults[:3]) for outcome in outcomes if outcome.faults]
    report(
        f"{len(outcomes)} seeds of {size}: {sessions} sessions, {gaps} gaps told, {len(broken)} seeds broke a promise"
    )
    assert broken == []
