"""What a node sees when connections break, servers end, and the stream is replaced behind its back."""

from __future__ import annotations

import asyncio
import shutil
import signal
from collections.abc import AsyncIterator, Iterator, Sequence
from itertools import count
from pathlib import Path

import anyio
import pytest

from app.events.errors import StoreUnavailable
from app.events.event import Event, StoredEvent
from app.stores.jetstream.errors import Unanswered
from app.stores.jetstream.event_publishing import Submission
from app.stores.jetstream.jetstream_log import JetStreamLog
from app.stores.jetstream.servers.nats_servers import NatsServers
from app.stores.jetstream.stream.make_stream import make_stream
from app.stores.jetstream.stream.stream_settings import Retention
from app.stores.replica.shared_log import AlreadyStored, EpochEnded
from tests.support.jetstream_logs import (
    followed,
    log_on,
    new_stream,
    newest_epoch,
    opened_log,
    order_event,
    order_events,
)
from tests.support.nats_server import NatsServer, nats_server
from tests.support.stream_backup import back_up_stream, delete_stream, restore_stream
from tests.support.swallowing_proxy import swallowing_proxy


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("nats")


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[NatsServer]:
    with nats_server(folder) as server:
        yield server


@pytest.mark.parametrize("epoch_ends", [False, True])
@pytest.mark.parametrize("number", [1, 3])
async def test_an_event_whose_acknowledgement_was_lost_is_stored_once_and_its_offset_is_found(
    server: NatsServer, number: int, epoch_ends: bool
) -> None:
    stream = await new_stream(server.url)
    async with (
        swallowing_proxy(server.port) as proxy,
        opened_log(server.url, stream) as witness,
        opened_log(f"nats://127.0.0.1:{proxy.port}", stream, seconds=30) as log,
    ):
        epoch = await newest_epoch(log)
        await log.store([order_event("before")], epoch)
        proxy.is_swallowing = True
        storing = asyncio.create_task(log.store(order_events("e", number), epoch))
        assert len(await followed(witness, number, after=1)) == number
        if epoch_ends:
            await witness.begin_epoch((await witness.state()).epochs)
        proxy.cut()
        assert await storing == 2
        assert (await log.state()).head == 1 + number
        with pytest.raises(EpochEnded if epoch_ends else AlreadyStored):
            await log.store(order_events("e", number), epoch)


async def test_a_server_that_is_killed_interrupts_storing_and_following_and_nothing_is_lost(server: NatsServer) -> None:
    async with opened_log(server.url, seconds=60) as log:
        epoch = await newest_epoch(log)
        acknowledgements: asyncio.Queue[list[Event]] = asyncio.Queue()
        acknowledged: list[str] = []
        is_over = asyncio.Event()

        async def store(writer: int) -> None:
            for number in count():
                events = order_events(f"{writer}-{number}-", 1 + number % 2 * 4)
                await log.store(events, epoch)
                acknowledgements.put_nowait(events)
                if is_over.is_set():
                    return

        following = asyncio.create_task(_ids_until(log.follow(0), "last"))
        async with anyio.create_task_group() as tasks:
            for writer in range(3):
                tasks.start_soon(store, writer)
            for _ in range(2):
                for _ in range(20):
                    acknowledged += [event.event_id for event in await acknowledgements.get()]
                server.kill()
                await anyio.to_thread.run_sync(server.restart)
            is_over.set()
        await log.store([order_event("last")], epoch)
        ids = await following
        assert len(ids) == len(set(ids)) == (await log.state()).head
        assert set(acknowledged) <= set(ids)


async def test_without_a_server_calls_say_so_in_time_and_go_on_when_it_is_back(server: NatsServer) -> None:
    async with opened_log(server.url, seconds=0.5) as log:
        epoch = await newest_epoch(log)
        server.stop()
        for call in (log.state(), log.store([order_event("unknown")], epoch), log.event_at(1)):
            with pytest.raises(StoreUnavailable):
                await call
        await anyio.to_thread.run_sync(server.restart)
        with anyio.fail_after(30):
            while not await _is_stored(log, epoch):
                pass


async def test_a_start_waits_for_servers_that_do_not_answer_yet_and_says_so(
    server: NatsServer, caplog: pytest.LogCaptureFixture
) -> None:
    log = log_on(server.url, await new_stream(server.url), seconds=0.1)
    server.pause()
    try:
        opening = asyncio.create_task(log.open())
        while "they are waited for" not in caplog.text:
            await asyncio.wait({opening}, timeout=0.05)
            assert not opening.done()
    finally:
        server.resume()
    assert (await opening).head == 0
    await log.close()


async def test_a_server_that_is_about_to_stop_is_left_at_once(server: NatsServer) -> None:
    stream = await new_stream(server.url)
    async with (
        swallowing_proxy(server.port) as proxy,
        opened_log(f"nats://127.0.0.1:{proxy.port}", stream, seconds=30) as log,
    ):
        epoch = await newest_epoch(log)
        server.send(signal.SIGUSR2)  # lame duck mode: it keeps its clients for ten seconds, and swallows what they send
        with anyio.fail_after(5):
            await proxy.left.wait()
        await anyio.to_thread.run_sync(server.kill)
        await anyio.to_thread.run_sync(server.restart)
        assert await log.store([order_event("after")], epoch) == 1


async def test_a_server_that_takes_no_more_bytes_does_not_hold_a_call_beyond_its_time(server: NatsServer) -> None:
    async with opened_log(server.url, seconds=0.5) as log:
        epoch = await newest_epoch(log)
        large = [order_event(f"large{number}", note="x" * 1_000_000) for number in range(30)]
        server.pause()
        try:
            storing = asyncio.create_task(log.store(large, epoch))  # more than the connection and its buffers hold
            finished, _ = await asyncio.wait({storing}, timeout=20)
        finally:
            server.resume()
        assert finished
        assert isinstance(storing.exception(), StoreUnavailable)


async def _is_stored(log: JetStreamLog, epoch: str) -> bool:
    try:
        await log.store([order_event("later")], epoch)
    except AlreadyStored:
        return True
    except StoreUnavailable:
        return False
    return True


async def test_what_waited_to_be_sent_in_an_interruption_is_not_sent_after_it(server: NatsServer) -> None:
    async with opened_log(server.url) as log:
        epoch = await newest_epoch(log)
        await log._connection._client._process_op_err(ConnectionResetError())  # as nats-py does when it reads the end
        with pytest.raises(Unanswered, match="broke"):
            await log._store(Submission(log.stream, epoch, [order_event("late")]), epoch)
        assert await log.store([order_event("next")], epoch) == 1


async def test_a_stream_that_was_deleted_and_made_anew_is_not_followed_on(server: NatsServer) -> None:
    stream = await new_stream(server.url)
    async with opened_log(server.url, stream) as log:
        before = await log.state()
        await log.store(order_events("old", 5), before.epochs.open.name)
        batches = log.follow(0)
        assert await _take(batches, 5) == [f"old{number}" for number in range(5)]
        await delete_stream(server.url, stream)
        assert await make_stream(NatsServers((server.url,)), stream, Retention(), replicas=1) == []
        async with opened_log(server.url, stream) as other:
            await other.store(order_events("new", 10), await newest_epoch(other))
        assert await _take(batches, 1) == []
        after = await log.state()
        assert after.epochs.open.name not in {epoch.name for epoch in before.epochs}
        assert after.id_key != before.id_key


@pytest.mark.parametrize("added", [0, 10])
async def test_a_stream_that_lost_its_end_is_not_followed_on(server: NatsServer, folder: Path, added: int) -> None:
    stream = await new_stream(server.url)
    async with opened_log(server.url, stream, seconds=30) as log:
        epoch = await newest_epoch(log)
        await log.store(order_events("kept", 5), epoch)
        await anyio.to_thread.run_sync(server.stop)
        shutil.copytree(folder / "nats" / "store", folder / f"backup-{added}")
        await anyio.to_thread.run_sync(server.restart)
        await log.store(order_events("lost", 5), epoch)
        batches = log.follow(0)
        assert len(await _take(batches, 10)) == 10
        await anyio.to_thread.run_sync(server.stop)
        shutil.rmtree(folder / "nats" / "store")
        (folder / f"backup-{added}").rename(folder / "nats" / "store")
        await anyio.to_thread.run_sync(server.restart)
        if added:
            async with opened_log(server.url, stream, seconds=30) as other:
                await other.store(order_events("other", added), epoch)
        assert await _take(batches, 1) == []
        state = await log.state()
        assert state.head == 5 + added
        assert (await log.begin_epoch(state.epochs)).epochs.open.first_offset == 6 + added


async def test_a_stream_that_was_restored_shows_it_until_an_epoch_begins_and_takes_no_event_before(
    server: NatsServer,
) -> None:
    stream = await new_stream(server.url)
    async with opened_log(server.url, stream, seconds=2) as log, opened_log(server.url, stream) as newcomer:
        before = await log.state()
        epoch = before.epochs.open.name
        await log.store(order_events("kept", 5), epoch)
        backup = await back_up_stream(server.url, stream)
        await log.store(order_events("lost", 5), epoch)
        batches = log.follow(0)
        assert len(await _take(batches, 10)) == 10
        following = asyncio.ensure_future(anext(batches, None))
        await delete_stream(server.url, stream)
        await restore_stream(server.url, stream, backup)
        restored = await log.state()
        assert (restored.is_restored, restored.head, restored.epochs) == (True, 5, before.epochs)
        with pytest.raises(StoreUnavailable):
            await log.store([order_event("under an old id")], epoch)
        after = await newcomer.begin_epoch(restored.epochs)
        assert (after.is_restored, after.epochs.open.first_offset) == (False, 6)
        assert (await log.state()) == after
        assert await following is None


async def test_what_is_stored_after_a_restore_is_not_passed_on_before_it_has_an_epoch_of_its_own(
    server: NatsServer,
) -> None:
    stream = await new_stream(server.url)
    async with opened_log(server.url, stream) as log, opened_log(server.url, stream) as newcomer:
        before = await log.state()
        epoch = before.epochs.open.name
        await log.store(order_events("kept", 5), epoch)
        backup = await back_up_stream(server.url, stream)
        await log.store(order_events("lost", 5), epoch)
        batches = log.follow(0)
        assert len(await _take(batches, 10)) == 10
        await delete_stream(server.url, stream)
        await restore_stream(server.url, stream, backup)
        assert await newcomer.store(order_events("since", 7), epoch) == 6
        assert await _take(batches, 1) == []
        after = await newcomer.begin_epoch(before.epochs)
        old, since, new = after.epochs
        assert (old.name, since.first_offset, new.first_offset) == (epoch, 6, 13)
        assert [event.epoch for event in await followed(newcomer, 12)] == [epoch] * 5 + [since.name] * 7
        assert (await log.state()) == after
        found = await log.event_at(6)
        assert found is not None
        assert found.epoch == since.name


async def test_a_follower_that_takes_nothing_for_a_time_misses_nothing(server: NatsServer) -> None:
    async with opened_log(server.url, seconds=30) as log:
        epoch = await newest_epoch(log)
        await log.store([order_event("first")], epoch)
        batches = log.follow(0)
        assert await _take(batches, 1) == ["first"]
        for number in range(3):
            await log.store([order_event(f"{number}-{each}", note="x" * 2000) for each in range(1000)], epoch)
        assert await _take(batches, 3000) == [f"{number}-{each}" for number in range(3) for each in range(1000)]
        assert log.consumer_resets == 0


async def test_events_that_were_deleted_before_they_were_read_end_the_following(server: NatsServer) -> None:
    stream = await new_stream(server.url, Retention(events=100))
    async with opened_log(server.url, stream) as log:
        epoch = await newest_epoch(log)
        await log.store(order_events("e", 500), epoch)
        assert (await log.state()).deleted_through == 400
        assert await _take(log.follow(0), 1) == []
        assert (await _take(log.follow(400), 100))[0] == "e400"
        assert await log.event_at(1) is None
        assert await log.store([order_event("e0")], epoch) == 501


async def test_an_event_that_no_message_can_hold_is_refused_at_once(server: NatsServer) -> None:
    async with opened_log(server.url) as log:
        epoch = await newest_epoch(log)
        for events in (
            [order_event("large", note="x" * (1 << 20))],
            [order_event("a"), order_event("b", note="x" * 1_048_400)],
        ):
            with pytest.raises(StoreUnavailable, match="too large for the NATS servers"):
                await log.store(events, epoch)
        assert await log.store([order_event("large", note="x" * 1_000_000)], epoch) == 1


async def test_closing_ends_what_still_runs(server: NatsServer) -> None:
    async with opened_log(server.url) as log:
        batches = log.follow(0)
        waiting = asyncio.ensure_future(anext(batches, None))
        await anyio.sleep(0.1)
        await log.close()
        with anyio.fail_after(1):
            assert await waiting is None
        with pytest.raises(StoreUnavailable):
            await log.state()


async def _ids_until(batches: AsyncIterator[Sequence[StoredEvent]], last: str) -> list[str]:
    """Return the ids of the next events through one, and check that no offset is left out."""
    stored: list[StoredEvent] = []
    while not stored or stored[-1].event_id != last:
        stored += await anext(batches)
    assert [event.offset for event in stored] == list(range(1, len(stored) + 1))
    return [event.event_id for event in stored]


async def _take(batches: AsyncIterator[Sequence[StoredEvent]], number: int) -> list[str]:
    """Return the ids of the next events; fewer if there are no more."""
    ids: list[str] = []
    while len(ids) < number and (events := await anext(batches, None)):
        ids += [event.event_id for event in events]
    return ids
