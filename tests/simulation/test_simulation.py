"""Whatever goes wrong, a reader that keeps its last id gets every event once and in order, or a gap that says so; and the same seed
is the same run."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Any
from unittest import mock

import pytest

from app.events.delivery.fan_out import FanOut
from app.events.event import StoredEvent
from app.events.filter import EVERYTHING, Filter
from app.events.log.filter_index import FilterIndex
from app.events.log.tail import Tail
from app.stores.memory import MemoryStore
from tests.simulation.disk import SimulatedStore
from tests.simulation.play import Outcome, simulate
from tests.simulation.world import Size
from tests.support.sessions import Session, faults_of_session

SEEDS = range(20)
LARGE = Size(readers=80, events=1_500, faults=25, seconds=900)


@pytest.mark.usefixtures("untraced")
def test_every_promise_holds_in_small_runs() -> None:
    outcomes = [simulate(seed) for seed in SEEDS]
    assert [(outcome.seed, outcome.faults[:5]) for outcome in outcomes if outcome.faults] == []
    assert sum(outcome.gaps for outcome in outcomes) > 100
    assert sum(outcome.sessions for outcome in outcomes) > 5_000


@pytest.mark.usefixtures("untraced")
def test_every_promise_holds_in_a_large_run() -> None:
    outcome = simulate(1, LARGE)
    assert outcome.faults[:5] == []
    assert outcome.sessions > 2_000


def test_same_seed_is_the_same_run_whatever_the_hashes_are() -> None:
    def lines(hash_seed: str) -> list[str]:
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        command = [sys.executable, "-m", "tests.simulation", "3", "14", "15", "92"]
        printed = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        return printed.stdout.splitlines()

    first = lines("1")
    assert len({line.rpartition(" ")[2] for line in first[:4]}) == 4
    assert lines("1") == first
    assert lines("2") == first


# --- a fault of the product is found ---


def tail_that_covers_one_event_too_many(self: Tail, after: int) -> bool:
    return after >= self._after - 1


async def no_heartbeats(_self: FanOut) -> None:
    """Send nothing to a silent stream."""


def index_that_drops_the_last_event(
    original: Callable[[FilterIndex, int, Sequence[StoredEvent]], None],
) -> Callable[[FilterIndex, int, Sequence[StoredEvent]], None]:
    return lambda self, examined, events: original(self, examined, events[:1])


async def append_before_the_disk(self: SimulatedStore, events: Any) -> Any:
    """Acknowledge what a crash may still lose."""
    appended = await MemoryStore.append(self, events)
    del self.history[-len(appended) :]
    return appended


PLANTED: dict[str, tuple[Any, str, Any]] = {
    "the tail passes over an event": (Tail, "covers", tail_that_covers_one_event_too_many),
    "nothing is sent to a silent stream": (FanOut, "run", no_heartbeats),
    "a commit wakes readers for its first event only": (
        FilterIndex,
        "notify",
        index_that_drops_the_last_event(FilterIndex.notify),
    ),
    "events are acknowledged before they are on disk": (SimulatedStore, "append", append_before_the_disk),
}


def first_outcome_with_faults(seeds: range) -> Outcome | None:
    return next((outcome for outcome in map(simulate, seeds) if outcome.faults), None)


@pytest.mark.usefixtures("untraced")
@pytest.mark.parametrize("planted", PLANTED)
def test_planted_fault_is_found(planted: str) -> None:
    owner, name, replacement = PLANTED[planted]
    with mock.patch.object(owner, name, replacement):
        assert first_outcome_with_faults(range(10)) is not None


# --- the checker itself ---


@pytest.mark.parametrize(
    ("session", "found"),
    [
        (Session(EVERYTHING, 0, 3, [1, 2, 3]), []),
        (Session(EVERYTHING, 1, 3, [2, 3]), []),
        (Session(EVERYTHING, 0, 3, [1, 3]), ["lost without a gap: [2]"]),
        (Session(EVERYTHING, 0, 3, [3], [(0, 2)]), []),
        (Session(EVERYTHING, 0, 3, [], [(0, 2)]), ["lost without a gap: [3]"]),
        (Session(EVERYTHING, 0, 3, [1, 3], [(2, 3)]), ["lost without a gap: [2]"]),
        (Session(EVERYTHING, 0, 3, [1, 2, 2, 3]), ["repeated"]),
        (Session(EVERYTHING, 0, 3, [1, 3, 2]), ["reordered"]),
        (Session(Filter(order_ids=frozenset({"or_2"})), 0, 3, [2]), []),
        (Session(Filter(order_ids=frozenset({"or_2"})), 0, 3, [2, 3]), ["sent events that do not match"]),
        (Session(EVERYTHING, 2, 1), ["moved back"]),
        (Session(EVERYTHING, 2, 2, [], [(2, 2)]), ["a gap in which nothing was deleted"]),
    ],
)
def test_checker_finds_each_kind_of_fault(session: Session, found: list[str]) -> None:
    history = [
        StoredEvent(number, "k7f3q2a1", "order.shipped", "1.0.0", str(number), f"or_{number}", 0, "{}")
        for number in (1, 2, 3)
    ]
    assert faults_of_session(session, history) == found
