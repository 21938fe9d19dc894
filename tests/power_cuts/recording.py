"""Run a server on a disk that records every change, publish to it, and note when each event was acknowledged."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from itertools import islice
from pathlib import Path
from random import Random
from tempfile import mkdtemp
from typing import Final, NamedTuple

import httpx
import pytest

from tests.power_cuts.disk import Change, read_record
from tests.support.checker import Mark
from tests.support.publishers import NO_TLS, as_event
from tests.support.server_process import ServerProcess

SOURCE: Final = Path(__file__).with_name("recorder.c")
DATABASE: Final = "log.db"
PUBLISHERS: Final = 3
LARGEST_BATCH: Final = 6
REASON_CHARACTERS: Final = 500  # large events fill the WAL, so that checkpoints happen
TRIES: Final = 200  # of one batch, while the disk refuses


@cache
def recorder() -> Path:
    """Compile the recorder once for this process. Skips the test if there is no C compiler, and fails it in CI."""
    compiler = shutil.which("cc")
    if compiler is None:
        assert "CI" not in os.environ, "There is no C compiler."
        pytest.skip("There is no C compiler.")
    library = Path(mkdtemp(prefix="recorder-")) / "recorder.so"
    flags = ["-O2", "-shared", "-fPIC", "-Wall", "-Wextra", "-Werror"]
    subprocess.run([compiler, *flags, "-o", library, SOURCE, "-ldl", "-lpthread"], check=True)
    return library


class Acknowledged(NamedTuple):
    """An event whose 201 was received: when, and under which id it is stored."""

    monotonic_ns: int
    event_id: str
    id: str


@dataclass
class Recording:
    """One run: the changes of the log's folder, and the acknowledgements in the order of their times.

    `files`: what was on disk before the run, by path.
    """

    changes: list[Change]
    acknowledged: list[Acknowledged] = field(default_factory=list)
    refused: int = 0
    files: Mapping[str, bytes] = field(default_factory=dict)


def disk_environment(folder: Path, record: Path, **failures: int) -> dict[str, str]:
    """The environment of a process whose changes in `folder` are recorded; `failures` as recorder.c names them.

    While the file `<record>.failing` is there, syncs fail of all paths that end with its content.
    """
    faults = {f"DISK_{name.upper()}": str(value) for name, value in failures.items()}
    return {
        "LD_PRELOAD": str(recorder()),
        "DISK_FOLDER": str(folder),
        "DISK_RECORD": str(record),
        "DISK_FAILING": f"{record}.failing",
        **faults,
    }


def record_run(folder: Path, events: int, *, seed: int, module: str = "app", **failures: int) -> Recording:
    """Publish `events` events to a new log in `folder`, kill the server, and return what happened."""
    log, record = folder / "log", folder / "record"
    log.mkdir(parents=True)
    acknowledged: list[Acknowledged] = []
    environment = disk_environment(log, record, seed=seed, **failures)
    with ServerProcess(
        "--store", f"sqlite:{log / DATABASE}", "--source", "none", module=module, environment=environment
    ) as server:
        with ThreadPoolExecutor(PUBLISHERS) as pool:
            share = events // PUBLISHERS
            publishing = [
                pool.submit(publish, server.events_url, number, share, Random(seed + number))
                for number in range(PUBLISHERS)
            ]
            outcomes = [each.result() for each in publishing]
        server.kill()
    acknowledged = sorted(each for some, _ in outcomes for each in some)
    return Recording(read_record(record), acknowledged, sum(refused for _, refused in outcomes))


def record_start(log: Path, acknowledged: Sequence[Acknowledged]) -> Recording:
    """Start a server on the log in the folder `log`, end it at once, and return what happened.

    `acknowledged`: the events of the log.
    """
    record = log.with_suffix(".record")
    files = {str(path): path.read_bytes() for path in log.iterdir()}
    arguments = ("--store", f"sqlite:{log / DATABASE}", "--source", "none")
    with ServerProcess(*arguments, environment=disk_environment(log, record)):
        pass
    return Recording(read_record(record), list(acknowledged), files=files)


def publish(url: str, publisher: int, events: int, random: Random) -> tuple[list[Acknowledged], int]:
    """Publish in batches of random size, each again until it is stored; return what was acknowledged, and the refusals."""
    acknowledged: list[Acknowledged] = []
    refused = 0
    marks = (Mark(publisher, counter) for counter in range(events))
    with httpx.Client(verify=NO_TLS, trust_env=False, timeout=60) as client:
        while batch := [
            as_event(mark, characters=REASON_CHARACTERS) for mark in islice(marks, random.randint(1, LARGEST_BATCH))
        ]:
            for _ in range(TRIES):
                answer = client.post(url, json=batch)
                received_ns = time.monotonic_ns()
                if answer.status_code == 201:
                    break
                assert answer.status_code == 503, answer.text
                refused += 1
            acknowledged += [Acknowledged(received_ns, each["eventId"], each["id"]) for each in answer.json()["events"]]
    return acknowledged, refused


def acknowledged_before(recording: Recording, monotonic_ns: int) -> Iterable[Acknowledged]:
    """The events that a publisher knew to be on disk at a moment, oldest first."""
    return [each for each in recording.acknowledged if each.monotonic_ns < monotonic_ns]
