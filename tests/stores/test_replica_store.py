"""Several nodes on one log: what each of them answers and reports, whatever happens to the log."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from itertools import count
from pathlib import Path

import pytest

from app.events.errors import EventIdConflict, StoreRefused, StoreUnavailable
from app.events.event import StoredEvent
from app.events.log.event_store import Appended, Commit
from app.events.position import Position
from app.specification.contracts import load_contracts
from app.stores.replica import follower as follower_module
from app.stores.replica.node_copy.local_copy import LocalCopy
from app.stores.replica.rebuild_pauses import FIRST_SECONDS
from app.stores.replica.replica_store import ReplicaStore
from tests.events.logs import event, run
from tests.stores.opened import OpenStore, be_patient, ids, opening
from tests.support.memory_shared_log import MemorySharedLog
from tests.support.rich_contract import ROOT


class Node(OpenStore):
    """A node of a shared log, and what it has reported since its start or since the log was replaced."""

    store: ReplicaStore

    @property
    def replaced(self) -> Commit | None:
        return next((commit for commit in reversed(self.commits) if commit.replaced is not None), None)

    async def caught_up(self, log: MemorySharedLog) -> None:
        """Wait until the copy is as the log is, and its head was reported."""
        await self.until(lambda: self.store.follower.arrivals.state.epochs == log.epochs)
        await self.store.sync()

    async def stored(self) -> list[str]:
        return ids(await self.events())


@pytest.fixture(autouse=True)
def _quick_and_patient(monkeypatch: pytest.MonkeyPatch) -> None:
    be_patient(monkeypatch)
    monkeypatch.setattr(follower_module, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(follower_module, "PAUSE_SECONDS", 0.005)


@asynccontextmanager
async def node(log: MemorySharedLog, folder: Path, name: str = "a", seconds: float = 5.0) -> AsyncIterator[Node]:
    found = Node(ReplicaStore(log.connect(seconds), LocalCopy(folder / f"{name}.db")))
    try:
        yield await found.open()  # type: ignore[misc]
    finally:
        await found.store.close()


def with_two_nodes(folder: Path, work: Callable[[MemorySharedLog, Node, Node], object]) -> None:
    async def open_both() -> None:
        log = MemorySharedLog()
        async with node(log, folder, "a") as a, node(log, folder, "b") as b:
            await work(log, a, b)  # type: ignore[misc]

    run(open_both())


# Publishing


def test_an_event_sent_to_two_nodes_at_once_is_stored_once(tmp_path: Path) -> None:
    async def work(log: MemorySharedLog, a: Node, b: Node) -> None:
        appends = [(a, b)[number % 2].store.append([event("same"), event(f"e{number}")]) for number in range(200)]
        outcomes = await asyncio.gather(*appends)
        assert Counter(first.duplicate for first, _ in outcomes) == {False: 1, True: 199}
        assert len({first.stored.id for first, _ in outcomes}) == 1
        assert not any(other.duplicate for _, other in outcomes)
        assert Counter(stored.event_id for stored in log.events)["same"] == 1
        with pytest.raises(EventIdConflict):
            await b.append(event("same", "order.cancelled"))

    with_two_nodes(tmp_path, work)


def test_of_two_contents_of_one_event_id_one_is_a_conflict(tmp_path: Path) -> None:
    async def work(log: MemorySharedLog, a: Node, b: Node) -> None:
        nodes = (a, b)
        types = ("order.shipped", "order.cancelled")
        appends = [nodes[number % 2].store.append([event("same", types[number % 2])]) for number in range(100)]
        outcomes = await asyncio.gather(*appends, return_exceptions=True)
        assert Counter(map(type, outcomes)) == {list: 50, EventIdConflict: 50}
        assert ids(log.events) == ["same"]

    with_two_nodes(tmp_path, work)


def test_requests_that_wait_together_are_stored_together_and_stay_whole(tmp_path: Path) -> None:
    async def work() -> None:
        log = MemorySharedLog()
        async with node(log, tmp_path) as a:
            requests = [[event(f"{number}-{place}") for place in range(300)] for number in range(7)]
            await asyncio.gather(*(a.store.append(request) for request in requests))
            assert a.store._log.stored_together == [900, 900, 300]  # type: ignore[attr-defined]
            assert ids(log.events) == [each.event_id for request in requests for each in request]
            with pytest.raises(ValueError, match="at most 1000 events"):
                await a.append(*(event(str(number)) for number in range(1001)))

    run(work())


def test_an_event_of_an_older_epoch_is_a_duplicate_at_a_node_that_was_far_behind(tmp_path: Path) -> None:
    async def work() -> None:
        log = MemorySharedLog()
        log.add(*(event(f"e{number}") for number in range(3000)))
        log.begin_epoch()
        async with node(log, tmp_path) as a:
            [(stored, duplicate)] = await a.store.append([event("e2999")])
            assert (stored.offset, duplicate) == (3000, True)

    run(work())


def test_the_publisher_of_events_whose_epoch_ends_is_not_told_of_duplicates(tmp_path: Path) -> None:
    async def work(log: MemorySharedLog, a: Node, b: Node) -> None:
        await a.append(event("a"))
        log.begin_epoch()
        appended = await a.store.append([event("b"), event("b"), event("a")])
        assert [duplicate for _, duplicate in appended] == [False, True, True]
        assert appended[0].stored.epoch == log.epochs.open.name
        await b.caught_up(log)
        assert await b.stored() == ["a", "b"]

    with_two_nodes(tmp_path, work)


def test_a_request_larger_than_the_retention_is_answered(tmp_path: Path) -> None:
    async def work() -> None:
        log = MemorySharedLog(retain_events=5)
        async with node(log, tmp_path) as a:
            stored = await a.append(*(event(f"e{number}") for number in range(20)))
            assert [each.offset for each in stored] == list(range(1, 21))
            assert ids(stored) == [f"e{number}" for number in range(20)]
            assert ids((await a.page(15)).events) == [f"e{number}" for number in range(15, 20)]

    run(work())


# A log that does not answer


def test_reading_goes_on_without_the_log_and_publishing_after_it(tmp_path: Path) -> None:
    async def work() -> None:
        log = MemorySharedLog()
        async with node(log, tmp_path, seconds=0.05) as a:
            await a.append(event("a"))
            log.answers = False
            with pytest.raises(StoreUnavailable):
                await a.append(event("b"))
            with pytest.raises(StoreUnavailable):
                await a.store.sync()
            assert (a.store.write_health.failures, a.store.write_health.is_failing) == (1, True)
            assert await a.stored() == ["a"]
            a.store.check()  # it stays ready: its readers are served
            log.answers = True
            await a.append(event("c"))
            assert (a.store.write_health.failures, a.store.write_health.is_failing) == (1, False)
            assert await a.stored() == ["a", "c"]

    run(work())


def test_an_event_whose_acknowledgement_was_lost_is_not_stored_again(tmp_path: Path) -> None:
    async def work(log: MemorySharedLog, a: Node, b: Node) -> None:
        log.acknowledges = False
        with pytest.raises(StoreUnavailable):
            await a.append(event("a"))
        log.acknowledges = True
        [(stored, duplicate)] = await b.store.append([event("a")])
        assert (stored.offset, duplicate) == (1, True)

    with_two_nodes(tmp_path, work)


def test_a_log_that_cannot_be_reached_stops_the_start(tmp_path: Path) -> None:
    async def work() -> None:
        log = MemorySharedLog()
        log.answers = False
        with pytest.raises(StoreRefused, match="The log does not answer"):
            async with node(log, tmp_path, seconds=0.01):
                pass

    run(work())


# What other nodes do


def test_what_one_node_acknowledges_the_other_sees_after_a_sync(tmp_path: Path) -> None:
    async def work(_log: MemorySharedLog, a: Node, b: Node) -> None:
        for number in range(50):
            [stored] = await a.append(event(f"e{number}"))
            await b.store.sync()
            assert b.committed[-1] == stored

    with_two_nodes(tmp_path, work)


def test_a_node_is_ready_once_it_has_read_what_was_stored_before_its_start(tmp_path: Path) -> None:
    async def work() -> None:
        log = MemorySharedLog()
        log.add(*(event(f"e{number}") for number in range(5000)))
        async with node(log, tmp_path) as a:
            with pytest.raises(StoreUnavailable, match="not read the log"):
                a.store.check()
            await a.until(lambda: len(a.committed) == 5000)
            a.store.check()
        log.add(event("next"))
        async with node(log, tmp_path) as again:
            assert again.opened.head == 5000
            await again.until(lambda: bool(again.committed))
            assert ids(again.committed) == ["next"]

    run(work())


def test_an_epoch_that_another_node_begins_is_reported_and_replaces_nothing(tmp_path: Path) -> None:
    async def work(log: MemorySharedLog, a: Node, b: Node) -> None:
        await a.append(event("a"))
        log.begin_epoch()
        await b.append(event("b"))
        await a.caught_up(log)
        assert [commit.epochs for commit in a.commits if commit.epochs is not None] == [log.epochs]
        assert ids(a.committed) == ["a", "b"]
        assert a.replaced is None
        assert b.replaced is None

    with_two_nodes(tmp_path, work)


def test_deleted_events_leave_the_copy(tmp_path: Path) -> None:
    async def work(log: MemorySharedLog, a: Node, _b: Node) -> None:
        stored = await a.append(*map(event, "abcde"))
        log.delete_through(3)
        await a.until(lambda: a.floor.offset == 3)
        assert a.floor.stored_at_us == stored[2].stored_at_us
        assert await a.stored() == ["d", "e"]
        assert a.replaced is None

    with_two_nodes(tmp_path, work)


def test_events_of_newer_contracts_are_passed_on_and_counted(tmp_path: Path) -> None:
    async def work() -> None:
        log = MemorySharedLog()
        store = ReplicaStore(log.connect(), LocalCopy(tmp_path / "a.db"), load_contracts(ROOT / "contracts"))
        async with opening(store) as a:
            known = event("a")._replace(schema_version="1.0.0")
            newer = [known._replace(event_id="b", schema_version="1.99.0"), event("c", "order.teleported")]
            log.add(known, *newer)
            await store.sync()
            assert ids(a.committed) == ["a", "b", "c"]
            assert store.follower.unknown_events == 2
            assert (store.follower.lag_events, store.follower.epoch) == (0, log.epochs.open.name)

    run(work())


# A copy that is not what it was


@pytest.mark.parametrize("harm", ["damage", "removal"])
def test_a_copy_that_is_damaged_or_removed_is_made_anew_while_the_node_runs(tmp_path: Path, harm: str) -> None:
    async def work(_log: MemorySharedLog, a: Node, b: Node) -> None:
        stored = await a.append(*map(event, "abc"))
        await b.store.sync()
        if harm == "removal":
            (tmp_path / "a.db").unlink()
        else:
            with closing(sqlite3.connect(tmp_path / "a.db")) as connection, connection:
                connection.execute("UPDATE events SET data = '{}' WHERE offset = 2")
            with pytest.raises(StoreUnavailable):
                await a.page(0)
        await a.until(lambda: a.replaced is not None)
        await a.store.sync()
        a.store.check()
        assert await a.events() == stored
        assert a.store.follower.rebuilds == 0  # the log has lost nothing
        [again] = await a.store.append([event("b")])
        assert again == Appended(stored[1], duplicate=True)
        assert await a.append(event("d")) == await b.append(event("d"))

    with_two_nodes(tmp_path, work)


def test_a_copy_that_is_gone_again_and_again_is_made_anew_after_a_pause(tmp_path: Path) -> None:
    async def work(_log: MemorySharedLog, a: Node, _b: Node) -> None:
        stored = await a.append(event("a"))
        times = []
        for _ in range(2):
            a.commits.clear()
            (tmp_path / "a.db").unlink()
            removed_at = time.monotonic()
            await a.until(lambda: a.replaced is not None)
            times.append(time.monotonic() - removed_at)
            await a.store.sync()
        assert times[1] > FIRST_SECONDS
        assert await a.events() == stored

    with_two_nodes(tmp_path, work)


# A log that is not what it was


def test_a_log_that_was_made_anew_is_read_from_its_beginning(tmp_path: Path) -> None:
    async def work(log: MemorySharedLog, a: Node, _b: Node) -> None:
        await a.append(*map(event, "abc"))
        log.recreate()
        log.add(*map(event, "xyzabc"))
        await a.until(lambda: a.replaced is not None)
        await a.caught_up(log)
        replaced = a.replaced and a.replaced.replaced
        assert replaced is not None
        assert (replaced.head, replaced.epochs, replaced.id_key) == (0, log.epochs, log.id_key)
        assert await a.stored() == [*"xyzabc"]
        assert {stored.epoch for stored in await a.events()} == {log.epochs.open.name}
        assert a.store.follower.rebuilds == 1
        await a.append(event("d"))

    with_two_nodes(tmp_path, work)


@pytest.mark.parametrize("written_after", [0, 1, 5])
@pytest.mark.parametrize("running", [True, False])
def test_an_epoch_begins_if_the_newest_events_of_the_log_are_lost(
    tmp_path: Path, running: bool, written_after: int
) -> None:
    async def work() -> None:
        log = MemorySharedLog()
        async with node(log, tmp_path) as a:
            await a.append(*map(event, "abcd"))
            if running:
                restore(log)
                await a.until(lambda: a.replaced is not None)
                await check(log, a)
        if not running:
            restore(log)
            async with node(log, tmp_path) as a:
                await check(log, a)

    def restore(log: MemorySharedLog) -> None:
        log.lose_events_after(2)
        log.add(*(event(f"e{number}") for number in range(written_after)))

    async def check(log: MemorySharedLog, a: Node) -> None:
        await a.caught_up(log)
        old, *between, new = log.epochs
        assert new.first_offset == 3 + written_after
        assert [epoch.first_offset for epoch in between] == ([3] if written_after else [])
        # The ids of the lost events 3 and 4 belong to no other event, and who has them is told of a gap.
        assert log.epochs.lost(Position(old.name, 3), log.head) == "ahead"
        assert log.epochs.lost(Position(old.name, 4), log.head) == "ahead"
        assert await a.stored() == ids(log.events)
        [stored] = await a.append(event("d"))
        assert stored.position == (new.name, 3 + written_after)

    run(work())


@pytest.mark.parametrize("copied", [0, 1, 2])
def test_an_epoch_begins_if_the_log_was_restored_from_a_backup_that_is_newer_than_the_copy(
    tmp_path: Path, copied: int
) -> None:
    async def work() -> None:
        log = MemorySharedLog()
        log.add(*[*map(event, "ab")][:copied])
        async with node(log, tmp_path) as a:
            await a.store.sync()
        log.add(*[*map(event, "abcd")][copied:])
        log.restore(3)
        async with node(log, tmp_path) as a, node(log, tmp_path, "without-copy") as b:
            [stored] = await b.append(event("e"))
            assert stored.position == (log.epochs.open.name, 4)
            assert [epoch.first_offset for epoch in log.epochs] == [1, 4]
            await a.caught_up(log)
            assert await a.stored() == await b.stored() == ["a", "b", "c", "e"]
            assert a.replaced is None

    run(work())


def test_an_event_that_is_stored_before_the_node_sees_that_the_log_was_restored_gets_an_id_of_its_own(
    tmp_path: Path,
) -> None:
    async def work(log: MemorySharedLog, a: Node, b: Node) -> None:
        before = await a.append(*map(event, "abcd"))
        await b.store.sync()
        log.restore(2)
        [appended] = await a.store.append([event("e")])
        assert not appended.duplicate
        stored = appended.stored
        assert stored.offset == 3
        assert stored.position not in {each.position for each in before}
        for each in (a, b):
            await each.until(lambda each=each: each.replaced is not None)  # type: ignore[misc]
            await each.caught_up(log)
            assert await each.stored() == ["a", "b", "e"]

    with_two_nodes(tmp_path, work)


@pytest.mark.parametrize("epoch_begins_first", [False, True])
def test_what_a_node_that_had_not_read_the_lost_events_stores_in_their_places_gets_other_ids(
    tmp_path: Path, epoch_begins_first: bool
) -> None:
    async def work() -> None:
        log = MemorySharedLog()
        log.add(*map(event, "abcd"))
        async with node(log, tmp_path) as a:
            await a.caught_up(log)
            before = await a.events()
        log.lose_events_after(2)
        async with node(log, tmp_path, "late") as b:
            await b.append(*map(event, "efgh"))
            if epoch_begins_first:  # an operator begins it, say
                log.begin_epoch()
            async with node(log, tmp_path) as a:
                for each in (a, b):
                    await each.caught_up(log)
                    assert await each.stored() == [*"abefgh"]
                now = {stored.position: stored.event_id for stored in await a.events()}
                assert not {stored.position for stored in before[2:]} & now.keys()
                assert log.epochs.lost(before[3].position, log.head) == "ahead"
                assert b.replaced is not None

    run(work())


def test_two_nodes_that_see_a_loss_begin_one_epoch(tmp_path: Path) -> None:
    async def work(log: MemorySharedLog, a: Node, b: Node) -> None:
        await a.append(*map(event, "abcd"))
        await b.store.sync()
        log.lose_events_after(2)
        for each in (a, b):
            await each.until(lambda each=each: each.replaced is not None)  # type: ignore[misc]
            await each.caught_up(log)
            assert await each.stored() == ["a", "b"]
        assert len([*log.epochs]) == 2

    with_two_nodes(tmp_path, work)


def test_a_comparison_that_was_broken_off_is_reported_when_it_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def work(log: MemorySharedLog, a: Node, _b: Node) -> None:
        await a.append(*map(event, "abcd"))
        event_at, calls = a.store._log.event_at, count()

        async def fail_once(offset: int) -> StoredEvent | None:
            if next(calls) == 0:
                raise StoreUnavailable("The log does not answer.")
            return await event_at(offset)

        monkeypatch.setattr(a.store._log, "event_at", fail_once)
        log.lose_events_after(2)
        await a.until(lambda: a.replaced is not None)
        assert next(calls) > 1
        assert a.replaced is not None
        assert a.replaced.replaced is not None
        assert a.replaced.replaced.head == 2

    with_two_nodes(tmp_path, work)


def test_events_that_are_deleted_before_they_were_read_make_readers_start_again(tmp_path: Path) -> None:
    async def work(log: MemorySharedLog, a: Node, _b: Node) -> None:
        await a.append(*map(event, "abc"))
        log.add(*map(event, "defgh"))
        log.delete_through(6)
        await a.until(lambda: a.replaced is not None)
        await a.caught_up(log)
        assert a.floor.offset == 6
        assert await a.stored() == ["g", "h"]
        assert len([*log.epochs]) == 1

    with_two_nodes(tmp_path, work)


def test_a_slow_copy_holds_up_the_events_and_not_the_event_loop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def work(log: MemorySharedLog, a: Node, _b: Node) -> None:
        may_write = asyncio.Event()
        add = a.store._copy.add

        async def slow_add(*arguments: object, **named: object) -> Commit:
            await may_write.wait()
            return await add(*arguments, **named)  # type: ignore[arg-type]

        monkeypatch.setattr(a.store._copy, "add", slow_add)
        log.add(*map(event, "abc"))
        appending: asyncio.Task[list[Appended]] = asyncio.create_task(a.store.append([event("d")]))
        for _ in range(20):
            await asyncio.sleep(0)
        assert not a.commits
        assert not appending.done()
        may_write.set()
        await appending
        assert ids(a.committed) == [*"abcd"]

    with_two_nodes(tmp_path, work)
