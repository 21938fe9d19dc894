"""Start the real server on what a power cut left of its log, and judge what it serves by what had been acknowledged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Final

import httpx

from tests.power_cuts.disk import SURVIVORS, Disk, destroy_sector
from tests.power_cuts.recording import DATABASE, REASON_CHARACTERS, Acknowledged, Recording, acknowledged_before
from tests.support.checker import Mark, parse_mark
from tests.support.publishers import NO_TLS, as_event
from tests.support.server_process import ServerProcess

REPEATED: Final = 50  # the last acknowledged events are sent again
REFUSED: Final = "before it listened"  # of the message of ServerProcess


@dataclass(frozen=True)
class Cut:
    """A moment of a recording, and what the disk held after it: file contents by path."""

    number: int
    survivors: str
    files: Mapping[str, bytes] = field(repr=False)
    acknowledged: Sequence[Acknowledged] = field(repr=False)


@dataclass
class Verdict:
    """How a server started after a cut: `faults` break a promise; a refused start and a gap are said openly."""

    cut: Cut
    faults: list[str] = field(default_factory=list)
    is_refused: bool = False
    has_gap: bool = False
    output: str = field(default="", repr=False)


def cuts(recording: Recording, count: int, random: Random, *, destroys_sector: bool = False) -> Iterator[Cut]:
    """Cut the power `count` times, at random changes and with each kind of survivors in turn."""
    moments = sorted(random.choices(range(1, len(recording.changes)), k=count))
    kinds = tuple(SURVIVORS)
    disk = Disk(recording.files)
    made = 0
    for number, moment in enumerate(moments):
        for change in recording.changes[made:moment]:
            disk.change(change)
        made = moment
        kind = kinds[number % len(kinds)]
        files = disk.cut(SURVIVORS[kind], random)
        for path, write in list(disk.in_flight()) if destroys_sector else ():
            if path.endswith((".db", "-wal")):
                files = destroy_sector(files, write, path, random)
        yield Cut(moment, kind, files, list(acknowledged_before(recording, recording.changes[moment].monotonic_ns)))


def write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write what a cut left of a log, by the paths that it had, into a new `folder`."""
    folder.mkdir(parents=True)
    for path, content in files.items():
        (folder / Path(path).name).write_bytes(content)


def judge_restart(cut: Cut, folder: Path) -> Verdict:
    """Start a server on what a cut left, in an empty `folder`, and compare."""
    write_files(folder, cut.files)
    verdict = Verdict(cut)
    try:
        with (
            ServerProcess("--store", f"sqlite:{folder / DATABASE}", "--source", "none") as server,
            httpx.Client(verify=NO_TLS, trust_env=False, timeout=60, base_url=server.url) as client,
        ):
            verdict.faults += _faults(client, cut, verdict)
        verdict.output = "".join(server.output)
    except AssertionError as error:
        if REFUSED not in str(error):
            raise
        verdict.output = str(error)
        verdict.is_refused = True
    return verdict


def _faults(client: httpx.Client, cut: Cut, verdict: Verdict) -> Iterator[str]:
    stored = dict(_stored(client))
    lost = [each for each in cut.acknowledged if stored.get(each.id) != each.event_id]
    newest_ids = {each.id.partition("-")[0]: each.id for each in cut.acknowledged}  # by epoch
    verdict.has_gap = any(_is_told_of_a_gap(client, newest_id) for newest_id in newest_ids.values())
    if lost and not verdict.has_gap:
        yield f"lost {len(lost)} of {len(cut.acknowledged)} acknowledged events in silence, {lost[0]} first"
    if verdict.has_gap and not lost:
        yield "a gap was told, although nothing is missing"
    if not lost:
        again = _publish(client, [each.event_id for each in cut.acknowledged[-REPEATED:]])
        if [each["id"] for each in again] != [each.id for each in cut.acknowledged[-REPEATED:]]:
            yield "an event that was sent again got another id"
        if not all(each["duplicate"] for each in again):
            yield "an event that was sent again was stored twice"
    [new] = _publish(client, ["p9-000000"])
    if new["id"] in {each.id for each in cut.acknowledged} or new["id"] in stored:
        yield f"the id {new['id']} was given twice"


def _stored(client: httpx.Client) -> Iterator[tuple[str, str]]:
    parameters = {"from": "earliest", "limit": "1000"}
    while True:
        answer = client.get("/events/orders", params=parameters, headers={"Accept": "application/json"})
        assert answer.status_code == 200, answer.text
        page = answer.json()
        if not page["events"]:
            return
        for event in page["events"]:
            assert parse_mark(event["data"]["orderId"]) is not None
            yield event["id"], event["data"]["orderId"]
        parameters = {"lastEventId": page["lastEventId"], "limit": "1000"}


def _is_told_of_a_gap(client: httpx.Client, last_event_id: str) -> bool:
    answer = client.get(
        "/events/orders", params={"lastEventId": last_event_id, "limit": "1"}, headers={"Accept": "application/json"}
    )
    assert answer.status_code in (200, 410), answer.text
    return answer.status_code == 410


def _publish(client: httpx.Client, event_ids: Sequence[str]) -> list[dict[str, Any]]:
    marks = [parse_mark(event_id) or Mark(9, 0) for event_id in event_ids]
    if not marks:
        return []
    answer = client.post("/events/orders", json=[as_event(mark, characters=REASON_CHARACTERS) for mark in marks])
    assert answer.status_code == 201, answer.text
    events: list[dict[str, Any]] = answer.json()["events"]
    return events
