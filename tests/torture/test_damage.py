"""A thousand damages to the files of a log, drawn by lot; and a tenth of them under real servers."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import TypeAlias

import httpx
import pytest

from app.stores.sqlite.file import inspection
from tests.events.logs import run
from tests.stores.damage import NAME, Case, Written, damaged, judge, write_log
from tests.support.server_process import ServerProcess
from tests.support.subscribers import ANSWER_SECONDS, read_stream

Report: TypeAlias = Callable[[str], None]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Written:
    return run(write_log(tmp_path_factory.mktemp("written")))


@pytest.mark.parametrize("checked_at_the_start", [True, False])
def test_a_thousand_damages_serve_nothing_wrong_and_hide_nothing(
    written: Written, tmp_path: Path, report: Report, monkeypatch: pytest.MonkeyPatch, checked_at_the_start: bool
) -> None:
    if not checked_at_the_start:  # as with a log that is too large for it
        for name in ("INTEGRITY_SECONDS", "STRUCTURE_SECONDS", "STEPS_BETWEEN_LOOKS"):
            monkeypatch.setattr(inspection, name, 1 if name.startswith("STEPS") else -1)
    outcomes: Counter[str] = Counter()
    faults, twice = [], []
    for seed in range(1000):
        case = damaged(written, tmp_path / "damaged", seed)
        verdict = run(judge(written, case))
        outcomes[verdict.outcome] += 1
        faults += [(seed, case.story, fault) for fault in verdict.faults]
        twice += [(seed, case.story, event_id) for event_id in verdict.stored_twice]
        shutil.rmtree(case.folder)
    report(f"1000 damages: {dict(outcomes)}; {len(faults)} faults, stored twice on retry {len(twice)}")
    assert faults == []
    assert twice == [] or not checked_at_the_start


def test_a_hundred_damages_under_real_servers_are_never_an_answer_of_500(
    written: Written, tmp_path: Path, report: Report
) -> None:
    outcomes: Counter[str] = Counter()
    for seed in range(1000, 1100):
        case = damaged(written, tmp_path / "damaged", seed)
        outcomes[served(written, case, Random(seed))] += 1
        shutil.rmtree(case.folder)
    report(f"100 damages under a server: {dict(outcomes)}")


def served(written: Written, case: Case, random: Random) -> str:
    """Start a server on a damaged log, and send it each kind of request; return the outcome."""
    try:
        server = ServerProcess("--store", f"sqlite:{case.folder / NAME}", "--heartbeat-seconds", "1")
    except AssertionError as error:  # it says what the server printed
        first, *lines = str(error).splitlines()
    else:
        with server:
            ask(server, written, random)
        return "served"
    reasons = [line for line in lines if line.startswith("orders-events: ")]
    assert (first, len(reasons)) == ("The server ended with 1 before it listened:", 1), (case.story, lines)
    assert not any("Traceback" in line for line in lines), (case.story, lines)
    return "refused"


def ask(server: ServerProcess, written: Written, random: Random) -> None:
    stored = random.choice(written.events[written.floor :])
    data = {each.id: each.data for each in written.events}
    frames = read_stream(server.events_url, None, follow="false", **{"from": "earliest"})
    assert all(data[frame.id] == frame.data for frame in frames if frame.event.startswith("order."))
    read_stream(server.events_url, stored.id, follow="false", orderId=stored.order_id or "")
    for status in (answer(server, stored.id), answer(server, stored.id, since="2026-01-01T00:00:00Z")):
        assert status in {200, 204, 410, 503}


def answer(server: ServerProcess, last_event_id: str, **query: str) -> int:
    headers = {"Accept": "application/json"} | ({} if query else {"Last-Event-ID": last_event_id})
    with httpx.Client(trust_env=False, timeout=ANSWER_SECONDS) as client:
        return client.get(server.events_url, params=query, headers=headers).status_code
