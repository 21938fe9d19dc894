"""The suite's power cuts, 1,400 of them, and reads and writes that fail one at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from typing import TypeAlias

import httpx
import pytest

from app.stores.sqlite.file.format import FORMAT
from tests.power_cuts.interrupted_upgrade import WRITERS, open_interrupted, record_upgrade
from tests.power_cuts.recording import DATABASE, Recording, disk_environment, record_run
from tests.power_cuts.restart import Verdict, cuts, judge_restart
from tests.support.checker import Mark
from tests.support.publishers import NO_TLS, as_event
from tests.support.server_process import ServerProcess

EVENTS = 9_000
CUTS = 700
DESTROYED = 150
FAILING_SYNCS = 150
UPGRADES = 100
AT_ONCE = 3  # servers

Report: TypeAlias = Callable[[str], None]


def judged(
    recording: Recording, folder: Path, count: int, seed: int, *, destroys_sector: bool = False
) -> Iterator[Verdict]:
    every_cut = cuts(recording, count, Random(seed), destroys_sector=destroys_sector)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield from pool.map(judge_restart, every_cut, (folder / str(number) for number in range(count)))


def summary(verdicts: list[Verdict], recording: Recording) -> str:
    kinds = Counter(verdict.cut.survivors for verdict in verdicts)
    lost = sum(bool(verdict.faults) for verdict in verdicts)
    refused, gaps = sum(verdict.is_refused for verdict in verdicts), sum(verdict.has_gap for verdict in verdicts)
    return (
        f"{len(verdicts)} power cuts ({', '.join(f'{count} {kind}' for kind, count in kinds.items())}) in "
        f"{len(recording.changes)} changes, {len(recording.acknowledged)} events acknowledged, {recording.refused} refused: "
        f"{lost} broke a promise, {refused} starts refused, {gaps} gaps told"
    )


def test_700_power_cuts_lose_nothing_that_was_acknowledged(tmp_path: Path, report: Report) -> None:
    recording = record_run(tmp_path / "recorded", EVENTS, seed=101)
    verdicts = list(judged(recording, tmp_path, CUTS, seed=102))
    report(summary(verdicts, recording))
    assert [(verdict.cut, verdict.faults, verdict.output) for verdict in verdicts if verdict.faults] == []
    assert [verdict.output for verdict in verdicts if verdict.is_refused or verdict.has_gap] == []


def test_150_power_cuts_amid_failing_syncs_lose_nothing_that_was_acknowledged(tmp_path: Path, report: Report) -> None:
    recording = record_run(tmp_path / "recorded", EVENTS // 3, seed=103, fail_syncs=25)
    verdicts = list(judged(recording, tmp_path, FAILING_SYNCS, seed=104))
    report(summary(verdicts, recording))
    assert recording.refused > 0
    assert [(verdict.cut, verdict.faults, verdict.output) for verdict in verdicts if verdict.faults] == []
    assert [verdict.output for verdict in verdicts if verdict.is_refused] == []


def test_150_destroyed_sectors_lose_nothing_that_was_acknowledged(tmp_path: Path, report: Report) -> None:
    recording = record_run(tmp_path / "recorded", EVENTS, seed=105)
    verdicts = list(judged(recording, tmp_path, DESTROYED, seed=106, destroys_sector=True))
    report(summary(verdicts, recording))
    assert [(verdict.cut, verdict.faults, verdict.output) for verdict in verdicts if verdict.faults] == []
    assert [verdict.output for verdict in verdicts if verdict.is_refused or verdict.has_gap] == []


@pytest.mark.parametrize("older", WRITERS)
@pytest.mark.parametrize("destroys_sector", [False, True])
def test_100_power_cuts_during_an_upgrade_lose_no_event_and_no_epoch(
    tmp_path: Path, report: Report, older: int, *, destroys_sector: bool
) -> None:
    recording = record_upgrade(tmp_path / "recorded", EVENTS, older)
    formats = Counter(
        open_interrupted(recording, cut, tmp_path / f"opened-{number}")
        for number, cut in enumerate(cuts(recording, UPGRADES, Random(107), destroys_sector=destroys_sector))
    )
    verdicts = list(judged(recording, tmp_path, UPGRADES, seed=108, destroys_sector=destroys_sector))
    report(
        f"{summary(verdicts, recording)}; {UPGRADES} more left {formats[older]} logs of format {older}, "
        f"{formats[FORMAT]} of format {FORMAT}"
    )
    assert [(verdict.cut, verdict.faults, verdict.output) for verdict in verdicts if verdict.faults] == []
    assert [verdict.output for verdict in verdicts if verdict.is_refused or verdict.has_gap] == []
    assert set(formats) == {older, FORMAT}


@pytest.mark.parametrize("failure", ["fail_read", "fail_write"])
def test_one_read_or_write_that_fails_loses_nothing_that_was_acknowledged(
    failure: str, tmp_path: Path, report: Report
) -> None:
    outcomes: Counter[str] = Counter()
    for number in range(1, 121, 2):
        outcomes[with_one_failure(tmp_path / str(number), failure, number)] += 1
    report(f"{failure}, each of 60 places: {dict(outcomes)}")
    assert set(outcomes) <= {"start refused", "served", "publish refused"}


def with_one_failure(folder: Path, failure: str, number: int) -> str:
    """Start, publish and read while one call fails; then start on a sound disk, and find all that was acknowledged."""
    folder.mkdir()
    arguments = ("--store", f"sqlite:{folder / DATABASE}", "--source", "none")
    events = [as_event(Mark(0, counter)) for counter in range(10)]
    acknowledged: list[str] = []
    outcome = "served"
    try:
        with (
            ServerProcess(
                *arguments, environment=disk_environment(folder, folder.with_suffix(".record"), **{failure: number})
            ) as server,
            httpx.Client(base_url=server.url, verify=NO_TLS, trust_env=False, timeout=60) as client,
        ):
            for event in events:
                answer = client.post("/events/orders", json=event)
                assert answer.status_code in (201, 503), answer.text
                if answer.status_code == 503:
                    outcome = "publish refused"
                else:
                    acknowledged += [each["id"] for each in answer.json()["events"]]
                assert client.get("/events/orders", params={"from": "earliest", "follow": "false"}).status_code in (
                    200,
                    204,
                )
    except AssertionError as error:
        if "before it listened" not in str(error):
            raise
        outcome = "start refused"
    with ServerProcess(*arguments) as server:
        answer = httpx.get(
            server.events_url,
            params={"from": "earliest", "limit": "1000"},
            headers={"Accept": "application/json"},
            trust_env=False,
        )
        stored = [each["id"] for each in answer.json()["events"]]
        assert set(acknowledged) <= set(stored)
    return outcome
