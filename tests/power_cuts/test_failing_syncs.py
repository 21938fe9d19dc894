"""A sync that fails leaves bytes that are on no disk, and that no later sync writes: nothing acknowledged may depend on them.

Linux marks the pages that it could not write as clean, so the next sync succeeds without them. Each test lets syncs fail, goes on on a
sound disk, and then cuts the power: only what a successful sync wrote is left.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from random import Random
from typing import Final

import httpx
import pytest

from tests.power_cuts.disk import Disk, nothing, read_record
from tests.power_cuts.recording import DATABASE, REASON_CHARACTERS, Acknowledged, disk_environment
from tests.power_cuts.restart import REFUSED, Cut, judge_restart
from tests.support.checker import Mark
from tests.support.publishers import NO_TLS, as_event
from tests.support.server_process import ServerProcess

BATCH: Final = 100
BATCHES_OF_A_CHECKPOINT: Final = 30  # more than enough for one
WAL: Final = "-wal"
EVERYTHING: Final = ""


class FailingDisk:
    """A log on a disk whose syncs can be made to fail, and the events that were acknowledged."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.log = folder / "log"
        self.log.mkdir()
        self._record = folder / "record"
        self._acknowledged: list[Acknowledged] = []
        self._counter = 0

    @property
    def database(self) -> Path:
        return self.log / DATABASE

    @contextmanager
    def server(self) -> Iterator[httpx.Client]:
        environment = disk_environment(self.log, self._record)
        arguments = ("--store", f"sqlite:{self.database}", "--source", "none")
        with (
            ServerProcess(*arguments, environment=environment) as server,
            httpx.Client(verify=NO_TLS, trust_env=False, timeout=60, base_url=server.url) as client,
        ):
            yield client

    @contextmanager
    def killed_server(self) -> Iterator[httpx.Client]:
        environment = disk_environment(self.log, self._record)
        arguments = ("--store", f"sqlite:{self.database}", "--source", "none")
        with (
            ServerProcess(*arguments, environment=environment) as server,
            httpx.Client(verify=NO_TLS, trust_env=False, timeout=60, base_url=server.url) as client,
        ):
            yield client
            server.kill()

    @contextmanager
    def failing(self, suffix: str) -> Iterator[None]:
        """Let syncs fail of files whose paths end with `suffix`."""
        failing = Path(f"{self._record}.failing")
        failing.write_text(suffix, "utf-8")
        yield
        failing.unlink()

    def publish(self, client: httpx.Client, batches: int = 1) -> list[int]:
        """Publish batches of events. Returns the status of each answer."""
        return [self._publish_batch(client) for _ in range(batches)]

    def cut(self) -> Cut:
        """Cut the power: return what a successful sync wrote."""
        changes = read_record(self._record)
        disk = Disk()
        for change in changes:
            disk.change(change)
        return Cut(len(changes), "nothing", disk.cut(nothing, Random(1)), self._acknowledged)

    def require_everything(self) -> None:
        """Cut the power, start a server on what is left, and find every acknowledged event."""
        verdict = judge_restart(self.cut(), self._folder / "after")
        assert (verdict.faults, verdict.is_refused, verdict.has_gap) == ([], False, False), verdict.output

    def _publish_batch(self, client: httpx.Client) -> int:
        marks = [Mark(0, self._counter + place) for place in range(BATCH)]
        answer = client.post("/events/orders", json=[as_event(mark, characters=REASON_CHARACTERS) for mark in marks])
        if answer.status_code == 201:
            now_ns = time.monotonic_ns()
            self._acknowledged += [
                Acknowledged(now_ns, each["eventId"], each["id"]) for each in answer.json()["events"]
            ]
            self._counter += BATCH
        return answer.status_code


@pytest.fixture
def disk(tmp_path: Path) -> FailingDisk:
    return FailingDisk(tmp_path)


def test_nothing_depends_on_a_commit_whose_sync_failed(disk: FailingDisk) -> None:
    with disk.killed_server() as client:
        assert disk.publish(client, 3) == [201] * 3
        with disk.failing(WAL):
            assert disk.publish(client) == [503]
        assert disk.publish(client, 3) == [201] * 3
    disk.require_everything()


def test_publishing_waits_until_the_log_can_be_mended(disk: FailingDisk) -> None:
    with disk.killed_server() as client:
        assert disk.publish(client, 3) == [201] * 3
        with disk.failing(WAL):
            assert disk.publish(client) == [503]
        for suffix in (DATABASE, EVERYTHING):
            with disk.failing(suffix):
                answer = client.post("/events/orders", json=as_event(Mark(1, 0)))
                assert (answer.status_code, "retry-after" in answer.headers) == (503, True)
                assert client.get("/events/orders", params={"from": "earliest", "follow": "false"}).status_code == 200
        assert disk.publish(client, 3) == [201] * 3
    disk.require_everything()


def test_nothing_is_lost_if_the_database_cannot_be_synced(disk: FailingDisk) -> None:
    with disk.killed_server() as client:
        with disk.failing(DATABASE):
            disk.publish(client, BATCHES_OF_A_CHECKPOINT)
        assert disk.publish(client, BATCHES_OF_A_CHECKPOINT) == [201] * BATCHES_OF_A_CHECKPOINT
    disk.require_everything()


def test_pages_that_were_copied_past_a_reader_are_copied_again(disk: FailingDisk) -> None:
    """SQLite copies the pages up to a reader's place into the database, does not sync them, and does not copy them again."""
    with disk.killed_server() as client:
        disk.publish(client)
        with reading(disk.database):
            disk.publish(client, BATCHES_OF_A_CHECKPOINT)
        with reading(disk.database):
            disk.publish(client, BATCHES_OF_A_CHECKPOINT)
        with disk.failing(DATABASE):
            disk.publish(client, BATCHES_OF_A_CHECKPOINT)
        assert disk.publish(client, BATCHES_OF_A_CHECKPOINT) == [201] * BATCHES_OF_A_CHECKPOINT
    disk.require_everything()


def test_a_reader_holds_publishing_up_only_as_long_as_it_reads(disk: FailingDisk) -> None:
    with disk.killed_server() as client:
        disk.publish(client, 3)
        with reading(disk.database):
            disk.publish(client, 3)
            with disk.failing(WAL):
                assert disk.publish(client) == [503]
            assert disk.publish(client) == [503]
        assert disk.publish(client, 3) == [201] * 3
    disk.require_everything()


@pytest.mark.parametrize("suffix", [WAL, EVERYTHING])
@pytest.mark.parametrize("ends_with", ["kill", "SIGTERM"])
def test_the_next_server_does_not_depend_on_syncs_that_failed_before(
    disk: FailingDisk, suffix: str, ends_with: str
) -> None:
    with disk.killed_server() if ends_with == "kill" else disk.server() as client:
        assert disk.publish(client, 3) == [201] * 3
        Path(f"{disk._record}.failing").write_text(suffix)
        assert disk.publish(client) == [503]
    Path(f"{disk._record}.failing").unlink()
    with disk.killed_server() as client:
        assert disk.publish(client, 3) == [201] * 3
    disk.require_everything()


@pytest.mark.parametrize("suffix", [WAL, DATABASE, "log", EVERYTHING])
def test_a_start_on_a_disk_that_fails_does_not_harm_the_next(disk: FailingDisk, suffix: str) -> None:
    with disk.failing(suffix):
        try:
            with disk.killed_server() as client:
                disk.publish(client)
        except AssertionError as error:
            if REFUSED not in str(error):
                raise
    with disk.killed_server() as client:
        assert disk.publish(client, 3) == [201] * 3
    disk.require_everything()


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Hold the present state of a log open for reading, as a backup does."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None)) as other:
        other.execute("BEGIN")
        other.execute("SELECT count(*) FROM events").fetchone()
        yield
