"""Acknowledged events survive kills, restarts and a full disk; events that a restored backup lacks are reported as a gap."""

from __future__ import annotations

import asyncio
import os
import resource
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from httpx_sse import ServerSentEvent

from tests.support.checker import GapSeen, Ledger, SubscriberLog, judge
from tests.support.crowds import following, stored_log
from tests.support.publishers import Publisher, as_event, counted, publish_now
from tests.support.runs_with_restarts import drained_and_restarted, kill_rounds
from tests.support.server_process import ServerProcess
from tests.support.servers import sqlite, start_server
from tests.support.subscribers import (
    ANSWER_SECONDS,
    Subscriber,
    open_client,
    poll,
    read_stored,
    read_stream,
    read_until,
)


async def test_server_killed_while_publishing_loses_nothing_that_it_acknowledged(tmp_path: Path) -> None:
    report = await kill_rounds(sqlite(tmp_path), rounds=4, subscribers=8, publishers=4, seed=11)
    assert report.unanswered > 0
    assert report.cuts > 0


def test_events_that_are_sent_again_after_a_kill_keep_their_first_ids(tmp_path: Path) -> None:
    ledger = Ledger()
    with start_server(sqlite(tmp_path)) as server:
        ids = publish_now(server.events_url, counted(0, 50), ledger)
        server.kill()
    with start_server(sqlite(tmp_path)) as server:
        again = [as_event(mark) for mark in counted(0, 60)]
        answer = httpx.post(server.events_url, json=again, trust_env=False, timeout=ANSWER_SECONDS).json()["events"]
        assert [each["id"] for each in answer[:50]] == ids
        assert [each["duplicate"] for each in answer] == [True] * 50 + [False] * 10
        assert [frame.id for frame in read_stored(server.events_url)] == [each["id"] for each in answer]


def cut(server: ServerProcess, frames: Sequence[ServerSentEvent]) -> bool:
    """Kill the server under a stream that has begun."""
    if frames:
        server.kill()
    return bool(frames)


@pytest.mark.parametrize("stored_before", [0, 7], ids=["an empty log", "a log with events"])
def test_subscriber_that_has_read_no_event_yet_gets_what_was_published_during_a_restart(
    tmp_path: Path, stored_before: int
) -> None:
    with start_server(sqlite(tmp_path)) as server:
        publish_now(server.events_url, counted(0, stored_before))
        [opening] = read_until(lambda frames: cut(server, frames), server.events_url)
    assert opening.event == "stream.checkpoint"
    assert opening.id
    with start_server(sqlite(tmp_path)) as server:
        ids = publish_now(server.events_url, counted(1, 30))
        assert [frame.id for frame in read_stored(server.events_url, opening.id)] == ids


# --- another history of the log ------------------------------------------------------------------------------------------------


@contextmanager
def log_that_lost_its_future(
    folder: Path, *, copied_while_running: bool
) -> Iterator[tuple[ServerProcess, SubscriberLog]]:
    """A server on a restored backup with new events, and the log of a subscriber that read events newer than the backup."""
    kept, live, log = folder / "kept", folder / "live", SubscriberLog("s")
    live.mkdir()
    with start_server(sqlite(live)) as server:
        publish_now(server.events_url, counted(0, 10))
        if copied_while_running:  # nothing is being written, so the copy is whole
            shutil.copytree(live, kept)
            lost = publish_now(server.events_url, counted(1, 10))
            take_stored(log, server.events_url)
    if not copied_while_running:
        shutil.copytree(live, kept)
        with start_server(sqlite(live)) as server:
            lost = publish_now(server.events_url, counted(1, 10))
            take_stored(log, server.events_url)
    assert log.delivered[-1].id == lost[-1]
    with start_server(sqlite(kept)) as server:
        publish_now(server.events_url, counted(2, 10))
        yield server, log


def take_stored(log: SubscriberLog, url: str, last_event_id: str | None = None) -> None:
    frames = read_stream(url, last_event_id, follow="false", **{"from": "earliest"})
    for frame in frames:
        log.take(frame.event, frame.data, frame.id)


@pytest.mark.parametrize(("copied_while_running", "reason"), [(False, "foreign"), (True, "ahead")])
def test_restored_backup_is_a_gap_and_sends_everything_that_it_has(
    tmp_path: Path, copied_while_running: bool, reason: str
) -> None:
    with log_that_lost_its_future(tmp_path, copied_while_running=copied_while_running) as (server, log):
        last = log.delivered[-1].id
        take_stored(log, server.events_url, last)
        page = httpx.get(
            server.events_url,
            params={"lastEventId": last},
            headers={"Accept": "application/json"},
            trust_env=False,
            timeout=ANSWER_SECONDS,
        )
        everything = stored_log(server.events_url)
    assert log.gaps == [GapSeen(log.gaps[0].id, reason, last)]
    after_gap = log.entries[log.entries.index(log.gaps[0]) + 1 :]
    assert after_gap == everything.delivered
    assert [each.mark for each in everything.delivered] == [*counted(0, 10), *counted(2, 10)]
    assert page.status_code == 410
    assert (page.json()["reason"], page.json()["earliest"]) == (reason, log.gaps[0].id)


def test_restarted_server_in_memory_knows_no_earlier_id() -> None:
    with start_server("memory:") as server:
        before = publish_now(server.events_url, counted(0, 10))
    with start_server("memory:") as server:
        url = server.events_url
        opening, *rest = read_stream(url, before[-1], follow="false")
        assert (opening.event, opening.json()["reason"], opening.json()["requested"]) == (
            "stream.gap",
            "foreign",
            before[-1],
        )
        assert [frame.event for frame in rest] == ["stream.closing"]
        after = publish_now(url, counted(1, 10))
        assert [frame.id for frame in read_stored(url, opening.id)] == after
        assert not set(before) & set(after)


# --- drain ---------------------------------------------------------------------------------------------------------------------


async def test_terminated_server_ends_every_stream_cleanly_and_its_successor_continues_them(tmp_path: Path) -> None:
    report = await drained_and_restarted(sqlite(tmp_path), subscribers=6, publishers=3, stored=10_000, seed=12)
    assert report.exit_code == 0
    assert [reader.cuts for reader in report.readers] == [0] * len(report.readers), "a stream was cut in its middle"
    assert all("drain" in reader.closings for reader in report.readers)
    for body in report.replays:
        assert body.count(b"\ndata: ") < 10_000, "the replay was over before the server was terminated"
        assert body.endswith(b'\n\nevent: stream.closing\ndata: {"reason":"drain"}\n\n')


# --- a full disk ---------------------------------------------------------------------------------------------------------------


@contextmanager
def no_more_writes(server: ServerProcess) -> Iterator[None]:
    soft, hard = resource.prlimit(server.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (soft, hard))


async def heartbeats(client: httpx.AsyncClient, url: str, count: int) -> int:
    """Wait for heartbeats: comments after the one that every stream begins with."""
    seen = -1
    async with client.stream("GET", url, params={"orderId": "or_nobody"}) as response:
        async for line in response.aiter_lines():
            seen += line.startswith(":")
            if seen == count:
                break
    return seen


async def publish_on_a_full_disk(server: ServerProcess, ledger: Ledger) -> list[Subscriber]:
    url = server.events_url
    readers = [Subscriber(url, SubscriberLog(f"s{number}")) for number in range(3)]
    patient, hasty = Publisher(url, ledger), Publisher(url, ledger, patience=3)
    async with open_client() as client, following(client, readers):
        await patient.publish(client, counted(0, 200))
        with no_more_writes(server):
            held_up = asyncio.create_task(patient.publish(client, counted(0, 5, first=200)))
            await hasty.publish(client, counted(1, 5))
            await poll(lambda: patient.refused >= 2, "refusals")
            assert hasty.refused == 3
            # Readers still get events: live ones, and those from the store.
            assert await heartbeats(client, url, 2) == 2
            replayed = await asyncio.to_thread(read_stored, url)
            assert [frame.json()["orderId"] for frame in replayed] == [str(mark) for mark in counted(0, 200)]
            assert (await client.get(f"{server.url}/health/live")).status_code == 200
            readiness = await client.get(f"{server.url}/health/ready")
            assert (readiness.status_code, readiness.json()) == (200, {"status": "ready", "writable": False})
            metrics = (await client.get(f"{server.url}/metrics")).text
            assert "\norders_events_log_writable 0.0\n" in metrics
            assert "\norders_events_log_write_failures_total 0.0\n" not in metrics
        await held_up
        assert (await client.get(f"{server.url}/health/ready")).json()["writable"] is True
        await patient.publish(client, counted(2, 20))
        await patient.ends(client)
    return readers


async def test_full_disk_refuses_publishers_keeps_readers_and_needs_no_restart(tmp_path: Path) -> None:
    ledger = Ledger()
    with start_server(sqlite(tmp_path)) as server:
        readers = await publish_on_a_full_disk(server, ledger)
        assert judge(ledger, [*[reader.log for reader in readers], stored_log(server.events_url)]) == []
    assert [(reader.connections, reader.cuts) for reader in readers] == [(1, 0)] * 3
    with start_server(sqlite(tmp_path)) as server:
        assert judge(ledger, [*[reader.log for reader in readers], stored_log(server.events_url)]) == []


async def test_log_that_can_be_written_again_is_shown_so_although_nobody_publishes(tmp_path: Path) -> None:
    with start_server(sqlite(tmp_path)) as server:
        async with open_client() as client:

            async def is_writable() -> bool:
                return bool((await client.get(f"{server.url}/health/ready")).json()["writable"])

            with no_more_writes(server):
                answer = await client.post(server.events_url, json=as_event(counted(0, 1)[0]))
                assert (answer.status_code, await is_writable()) == (503, False)
                assert (
                    await heartbeats(client, server.events_url, 2) == 2
                )  # more than two seconds, in which the server tries
                assert not await is_writable()
            deadline = time.monotonic() + ANSWER_SECONDS
            while not await is_writable():
                assert time.monotonic() < deadline
            publish_now(server.events_url, counted(1, 3))
    assert "The log can be written again." in "".join(server.output)


# --- a file that is not where it was -------------------------------------------------------------------------------------------


def status_of(server: ServerProcess, path: str, *, json: object = None) -> int:
    method = "GET" if json is None else "POST"
    return httpx.request(method, f"{server.url}{path}", json=json, trust_env=False, timeout=ANSWER_SECONDS).status_code


def remove(file: Path) -> None:
    file.unlink()


def rename(file: Path) -> None:
    file.rename(file.with_name("renamed.db"))


def replace(file: Path) -> None:
    copy = shutil.copy(file, file.with_name("copy.db"))
    Path(copy).replace(file)


@pytest.mark.parametrize("move", [remove, rename, replace])
def test_log_whose_file_is_not_in_its_place_refuses_publishers_and_is_not_ready(
    tmp_path: Path, move: Callable[[Path], None]
) -> None:
    file = Path(sqlite(tmp_path).removeprefix("sqlite:"))
    with start_server(sqlite(tmp_path)) as server:
        ids = publish_now(server.events_url, counted(0, 10))
        assert status_of(server, "/health/ready") == 200
        os.link(file, kept := file.with_name("kept.db"))
        move(file)
        assert status_of(server, "/health/ready") == 503
        assert status_of(server, "/events/orders", json=as_event(counted(1, 1)[0])) == 503
        assert status_of(server, "/health/live") == 200
        assert [frame.id for frame in read_stored(server.events_url)] == ids
        kept.replace(file)
        assert status_of(server, "/health/ready") == 200
        asyncio.run(
            poll(lambda: status_of(server, "/events/orders", json=as_event(counted(1, 1)[0])) == 201, "publishing")
        )
    assert any("moved, removed or replaced" in line for line in server.output)
