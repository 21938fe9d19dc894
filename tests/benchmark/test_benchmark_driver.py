"""The benchmark's load driver finds the faults of a server: a figure counts only if every event came once, in order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.benchmark.faulty_server import (
    EVENTS,
    SUBSCRIBERS,
    Fault,
    FaultyServer,
    Frame,
    byte_by_byte,
    chunk_by_chunk,
    chunked,
    lockstep,
    run,
    whole,
)


@pytest.mark.parametrize("write", [chunked, whole, chunk_by_chunk, byte_by_byte])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_events_are_counted_in_every_chunking(
    driver: Path, write: Callable[[bytes], list[bytes]], newline: str
) -> None:
    outcome = run(driver, FaultyServer(write=write, newline=newline), lockstep())
    assert (outcome.status, outcome.faults) == (0, {})
    assert outcome.report["deliveries"] == EVENTS * SUBSCRIBERS
    assert outcome.report["subscribers"]["latency"]["count"] == EVENTS * SUBSCRIBERS


def drop(*places: int) -> Fault:
    return lambda frames: [frame for place, frame in enumerate(frames) if place not in places]


def rewritten(place: int, frame: Callable[[list[Frame]], Frame]) -> Fault:
    return lambda frames: [*frames[:place], frame(frames), *frames[place + 1 :]]


@pytest.mark.parametrize(
    ("fault", "found"),
    [
        (drop(0), {"missing": 1}),
        (drop(3, 4, 6), {"missing": 3}),
        (drop(7), {"missing": 1}),
        (drop(*range(EVENTS)), {"missing": EVENTS}),
        (lambda frames: [*frames, frames[7]], {"duplicated": 1, "id_disordered": 1}),
        (lambda frames: [*frames, *frames], {"duplicated": EVENTS, "id_disordered": 1}),
        (lambda frames: [frames[1], frames[0], *frames[2:]], {"disordered": 1, "id_disordered": 1}),
        (lambda frames: frames[::-1], {"disordered": EVENTS - 1, "id_disordered": EVENTS - 1}),
        (rewritten(2, lambda frames: ("", frames[2][1])), {"id_missing": 1}),
        (rewritten(7, lambda frames: ("e-99", frames[7][1])), {"id_changed": 2}),
        (rewritten(7, lambda frames: (frames[6][0], frames[7][1])), {"id_changed": 2, "id_shared": 1, "id_disordered": 1}),
        (lambda frames: [*frames, ("e-9", frames[0][1].replace("bench.00", "bench.90"))], {"foreign": 1}),
    ],
)  # fmt: skip
def test_a_fault_on_one_connection_is_found_and_named(driver: Path, fault: Fault, found: dict[str, int]) -> None:
    outcome = run(driver, FaultyServer(fault), lockstep(), stalls="missing" in found)
    assert (outcome.status, outcome.faults) == (1, found)


def test_digits_in_ids_are_compared_as_numbers(driver: Path) -> None:
    two_digits = run(driver, FaultyServer(), lockstep("--events", "20", "--burst", "4", "--batch", "4"))
    assert (two_digits.status, two_digits.faults) == (0, {})


def test_a_stream_that_the_server_ends_is_a_fault(driver: Path) -> None:
    outcome = run(driver, FaultyServer(cuts_after=EVENTS), lockstep("--events", str(2 * EVENTS)), stalls=True)
    assert outcome.status == 1
    assert outcome.report["stalled"]
    assert outcome.faults == {"missing": EVENTS, "cut": 1}


def stored(sequences: Sequence[int]) -> list[Frame]:
    return [(f"e-{place}", f"bench.{sequence:010}.{0:020}") for place, sequence in enumerate(sequences, start=1)]


@pytest.mark.parametrize(
    ("sequences", "found"),
    [
        (range(8), {}),
        (range(7), {"missing": 1}),
        ([0, 1, 2, 4, 5, 6, 7], {"missing": 1}),
        ([1, 0, *range(2, 8)], {"disordered": 1}),
        ([*range(8), 7], {"duplicated": 1, "id_changed": 1}),
        (range(9), {"foreign": 1}),
    ],
)
def test_a_stored_event_is_read_once_and_in_order(
    driver: Path, sequences: Sequence[int], found: dict[str, int]
) -> None:
    options = ["--mode", "read", "--subscribers", "1", "--events", "8", "--path", "/replay", "--ids", "ordered"]
    outcome = run(driver, FaultyServer(stored=stored(sequences)), options)
    assert (outcome.status, outcome.faults) == (1 if found else 0, found)


@pytest.mark.parametrize(("sequences", "status"), [(range(20), 0), ([*range(9), *range(10, 20)], 1), (range(19), 1)])
def test_replays_beside_live_subscribers_go_on_and_are_checked(
    driver: Path, sequences: Sequence[int], status: int
) -> None:
    rate = ["--mode", "rate", "--rate", "50", "--seconds", "0.5", "--subscribers", "1", "--publish-path", "/publish"]
    replays = ["--replayers", "2", "--replayer-path", "/replay", "--history", "20"]
    outcome = run(driver, FaultyServer(stored=stored(sequences), answers_after=4), [*rate, *replays])
    replayers = outcome.report["replayers"]
    assert outcome.status == status
    assert replayers["replays"] > 2
    assert (replayers["faults"]["missing"] >= replayers["replays"]) == bool(status)
    assert (outcome.report["deliveries"], outcome.faults) == (25, {})


def test_an_order_s_events_are_foreign_to_the_subscribers_of_others(driver: Path) -> None:
    outcome = run(driver, FaultyServer(), lockstep("--spread"))
    assert outcome.status == 1
    assert outcome.faults["foreign"] == EVENTS * (SUBSCRIBERS - 1)


def test_a_steady_rate_publishes_what_is_due(driver: Path) -> None:
    rate = ["--mode", "rate", "--rate", "100", "--seconds", "0.3", "--subscribers", "2", "--publish-path", "/publish"]
    outcome = run(driver, FaultyServer(), rate)
    assert (outcome.status, outcome.report["events"], outcome.report["deliveries"]) == (0, 30, 60)


@pytest.mark.parametrize(
    ("server", "sentence"),
    [
        (FaultyServer(stream_status="503 Service Unavailable"), "3 were refused (status 503)."),
        (FaultyServer(publish_status="422 Unprocessable Content"), "Publishing was answered with 422"),
    ],
)
def test_driver_that_cannot_measure_ends_with_a_sentence(driver: Path, server: FaultyServer, sentence: str) -> None:
    outcome = run(driver, server, lockstep())
    assert outcome.status == 2
    assert sentence in outcome.error


def test_a_stream_that_should_begin_with_an_event_is_not_ready_without_it(driver: Path) -> None:
    outcome = run(driver, FaultyServer(), lockstep("--ready-by-event", "--connect-seconds", "0.2"))
    assert (outcome.status, "Only 0 of 3" in outcome.error) == (2, True)


@pytest.mark.parametrize("options", [["--mode", "rate"], ["--mode", "nonsense"], ["--port", "x"], ["--rounds"], ["x"]])
def test_a_wrong_option_is_refused_in_one_line(driver: Path, options: list[str]) -> None:
    outcome = run(driver, FaultyServer(), options)
    assert outcome.status == 2
    assert len(outcome.error.splitlines()) == 1
