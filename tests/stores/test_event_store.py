"""The promises that every store keeps (`app/events/log/event_store.py`)."""

from __future__ import annotations

import asyncio
import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import TypeAlias

import pytest

from app.events.errors import EventIdConflict, StoreUnavailable
from app.events.event import Event, StoredEvent
from app.events.filter import EVERYTHING, Filter
from app.events.log.event_store import ID_KEY_BYTES, BelowFloor, Commit, EventStore, Opened
from app.events.position import Floor
from app.stores.jetstream.servers.nats_servers import NatsServers
from app.stores.jetstream.stream.make_stream import make_stream
from app.stores.jetstream.stream.stream_settings import Retention
from app.stores.memory import MemoryStore
from app.stores.replica.node_copy.local_copy import LocalCopy
from app.stores.replica.replica_store import ReplicaStore
from app.stores.sqlite.store import SqliteStore
from tests.events.logs import CANCELLED, SHIPPED, event, run
from tests.stores.opened import NOTHING, ids, numbered, of_orders, of_owners, offsets, opening, various
from tests.support.jetstream_logs import log_on
from tests.support.memory_shared_log import MemorySharedLog
from tests.support.nats_server import nats_server

MakeStore: TypeAlias = Callable[..., EventStore]


@pytest.fixture(params=["memory", "sqlite", "shared", "jetstream"])
def make_store(request: pytest.FixtureRequest, tmp_path: Path) -> MakeStore:
    """Makes an empty store of each kind; call it with the limits of its retention."""
    url: str | None = request.getfixturevalue("nats_url") if request.param == "jetstream" else None

    def make(*, retain_seconds: float | None = None) -> EventStore:
        match request.param:
            case "memory":
                return MemoryStore(retain_seconds=retain_seconds)
            case "sqlite":
                return SqliteStore(tmp_path / "log.db", retain_seconds=retain_seconds)
            case "shared":
                return ReplicaStore(MemorySharedLog(retain_seconds).connect(), LocalCopy(tmp_path / "copy.db"))
            case _:
                assert url is not None
                return NewStream(url, tmp_path / "copy.db", retain_seconds)

    return make


@pytest.fixture(scope="module")
def nats_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with nats_server(tmp_path_factory.mktemp("nats")) as server:
        yield server.url


class NewStream(ReplicaStore):
    """A log in a stream that is made when the log is opened first."""

    def __init__(self, url: str, copy: Path, retain_seconds: float | None) -> None:
        self._url = url
        self._stream = f"log-{secrets.token_hex(8)}"
        self._retention = Retention(seconds=retain_seconds)
        super().__init__(log_on(url, self._stream), LocalCopy(copy))

    async def open(self, on_commit: Callable[[Commit], None]) -> Opened:
        await make_stream(NatsServers((self._url,)), self._stream, self._retention, replicas=1)
        return await super().open(on_commit)


# Opening


def test_each_log_has_a_key_of_its_own_for_opaque_ids(make_store: MakeStore) -> None:
    async def work() -> None:
        async with opening(make_store()) as log, opening(MemoryStore()) as other:
            assert log.opened.id_key != other.opened.id_key
            assert len(log.opened.id_key) == len(other.opened.id_key) == ID_KEY_BYTES

    run(work())


def test_a_new_log_is_empty_and_starts_at_offset_1(make_store: MakeStore) -> None:
    async def work() -> None:
        async with opening(make_store()) as log:
            assert log.opened.head == 0
            assert log.opened.floor == Floor(0, 0)
            assert log.opened.epochs.open.first_offset == 1
            assert not (await log.page(0)).events
            assert (await log.page(0)).through == 0
            [first] = await log.append(event("a"))
            assert first.position == (log.opened.epochs.open.name, 1)

    run(work())


def test_a_store_that_is_not_open_appends_nothing(make_store: MakeStore) -> None:
    async def work() -> None:
        store = make_store()
        with pytest.raises(StoreUnavailable, match=r"^The log is not open\.$"):
            await store.append([event("a")])
        async with opening(store):
            pass
        with pytest.raises(StoreUnavailable, match=r"^The log is not open\.$"):
            await store.append([event("a")])

    run(work())


def test_a_store_is_within_reach_while_it_is_open(make_store: MakeStore) -> None:
    async def work() -> None:
        store = make_store()
        with pytest.raises(StoreUnavailable):
            store.check()
        async with opening(store):
            store.check()
        with pytest.raises(StoreUnavailable):
            store.check()

    run(work())


def test_closing_twice_or_without_opening_is_harmless(make_store: MakeStore) -> None:
    async def work() -> None:
        await make_store().close()
        async with opening(make_store()) as log:
            await log.store.close()

    run(work())


def test_closing_writes_the_accepted_events(make_store: MakeStore) -> None:
    async def work() -> None:
        async with opening(make_store()) as log:
            appends = [asyncio.create_task(log.append(event(f"e{number}"))) for number in range(50)]
            await asyncio.sleep(0)  # each of them has now called append
            await log.store.close()
            stored = [events[0] for events in await asyncio.gather(*appends)]
            assert stored == log.committed

    run(work())


# Appending and reading


def test_appended_events_are_read_back_as_they_were_returned(make_store: MakeStore) -> None:
    async def work() -> None:
        sent = [
            Event("order.shipped", "1.0.0", "a", "or_1", '{"orderId":"or_1"}'),
            Event("order.cancelled", "1.2.0", "b", None, '{"text":"\\u2028 \\ud83d\\ude00"}', version_named=True),
        ]
        async with opening(make_store()) as log:
            before_us = time.time_ns() // 1000
            returned = await log.append(*sent)
            after_us = time.time_ns() // 1000
            page = await log.page(0)
            assert [*page.events] == returned
            assert [(e.event_type, e.schema_version, e.event_id, e.order_id, e.data) for e in page.events] == [
                (e.event_type, e.schema_version, e.event_id, e.order_id, e.data) for e in sent
            ]
            assert all(before_us <= e.stored_at_us <= after_us for e in page.events)

    run(work())


def test_an_empty_request_appends_nothing(make_store: MakeStore) -> None:
    async def work() -> None:
        async with opening(make_store()) as log:
            assert await log.append() == []
            assert log.commits == []

    run(work())


def test_the_events_of_a_request_are_adjacent_and_in_order_beside_others(make_store: MakeStore) -> None:
    async def work() -> None:
        batches = [numbered(1 + number % 7, f"{number}-") for number in range(100)]
        async with opening(make_store()) as log:
            stored = await asyncio.gather(*(log.append(*batch) for batch in batches))
            everything = await log.events()
            assert len(everything) == sum(map(len, batches))
            assert all(a.offset < b.offset for a, b in pairwise(everything))
            assert len({e.position for e in everything}) == len(everything)
            for batch, events in zip(batches, stored, strict=True):
                assert ids(events) == [e.event_id for e in batch]
                start = everything.index(events[0])
                assert everything[start : start + len(events)] == events

    run(work())


def test_requests_are_stored_in_the_order_of_their_arrival(make_store: MakeStore) -> None:
    async def work() -> None:
        async with opening(make_store()) as log:
            await asyncio.gather(*(log.append(e) for e in numbered(200)))
            assert ids(await log.events()) == [e.event_id for e in numbered(200)]

    run(work())


def test_cancelled_appends_disturb_no_others(make_store: MakeStore) -> None:
    async def work() -> None:
        async with opening(make_store()) as log:
            tasks = [asyncio.create_task(log.append(*numbered(3, f"{number}-"))) for number in range(60)]
            await asyncio.sleep(0)
            for task in tasks[::2]:
                task.cancel()
            kept = await asyncio.gather(*tasks[1::2])
            await asyncio.gather(*tasks, return_exceptions=True)
            stored = await log.events()
            assert [e for events in kept for e in events] == [e for e in stored if int(e.event_id.split("-")[0]) % 2]
            assert len(stored) % 3 == 0
            assert stored == log.committed
            await log.append(event("after"))

    run(work())


# The same event twice


def test_a_duplicate_is_not_stored_again(make_store: MakeStore) -> None:
    async def work() -> None:
        async with opening(make_store()) as log:
            [first] = await log.store.append([event("a")])
            again = await log.store.append([event("b"), event("a"), event("c"), event("b")])
            assert not first.duplicate
            assert [appended.duplicate for appended in again] == [False, True, False, True]
            assert again[1].stored == first.stored
            assert again[3].stored == again[0].stored
            assert ids(await log.events()) == ["a", "b", "c"]

    run(work())


def test_an_event_sent_100_times_in_parallel_is_stored_once(make_store: MakeStore) -> None:
    async def work() -> None:
        async with opening(make_store()) as log:
            appended = await asyncio.gather(*(log.store.append([event("a"), event(f"b{n}")]) for n in range(100)))
            assert sum(not first.duplicate for first, _ in appended) == 1
            assert len({first.stored for first, _ in appended}) == 1
            assert len(await log.events()) == 101

    run(work())


def test_a_duplicate_late_in_a_large_request_is_found(make_store: MakeStore) -> None:
    async def work() -> None:
        async with opening(make_store()) as log:
            [first] = await log.append(event("first"))
            many = numbered(998, "e")
            appended = await log.store.append([*many[:900], event("first"), many[700], *many[900:]])
            assert appended[900] == (first, True)
            assert appended[901] == (appended[700].stored, True)
            assert ids(await log.events()) == ["first", *(each.event_id for each in many)]
            assert offsets(log.committed) == list(range(1, 1000))

    run(work())


def test_a_conflict_late_in_a_large_request_stores_nothing(make_store: MakeStore) -> None:
    async def work() -> None:
        async with opening(make_store()) as log:
            await log.append(event("first"))
            with pytest.raises(EventIdConflict) as conflict:
                await log.append(*numbered(900, "e"), event("first", "order.cancelled"))
            assert conflict.value.index == 900
            assert ids(await log.events()) == ["first"]

    run(work())


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        pytest.param('{"a":1,"b":[2,{"c":null}]}', '{"b":[2,{"c":null}],"a":1.0}', True, id="equal-json"),
        pytest.param('{"a":1}', '{"a":true}', False, id="number-or-boolean"),
        pytest.param('{"a":[1,2]}', '{"a":[2,1]}', False, id="order-of-an-array"),
        pytest.param('{"a":"1"}', '{"a":1}', False, id="string-or-number"),
    ],
)
def test_content_is_the_same_if_it_is_equal_as_json(make_store: MakeStore, first: str, second: str, same: bool) -> None:
    async def work() -> None:
        async with opening(make_store()) as log:
            await log.append(Event("order.shipped", "1.0.0", "a", "or_1", first))
            repeat = Event("order.shipped", "1.0.0", "a", "or_1", second)
            if same:
                assert [appended.duplicate for appended in await log.store.append([repeat])] == [True]
            else:
                with pytest.raises(EventIdConflict):
                    await log.append(repeat)

    run(work())


def test_another_version_conflicts_only_if_it_was_named(make_store: MakeStore) -> None:
    async def work() -> None:
        async with opening(make_store()) as log:
            await log.append(Event("order.shipped", "1.0.0", "a", "or_1", "{}"))
            [again] = await log.store.append([Event("order.shipped", "1.1.0", "a", "or_1", "{}")])
            assert again.duplicate
            assert again.stored.schema_version == "1.0.0"
            with pytest.raises(EventIdConflict):
                await log.append(Event("order.shipped", "1.1.0", "a", "or_1", "{}", version_named=True))

    run(work())


@pytest.mark.parametrize("within_one_request", [False, True])
def test_a_conflict_names_the_event_and_stores_nothing(make_store: MakeStore, within_one_request: bool) -> None:
    async def work() -> None:
        async with opening(make_store()) as log:
            before = [event("a")]
            after = [event("b"), event("a", "order.cancelled"), event("c")]
            if within_one_request:
                before, after = [], [*before, *after]
            await log.append(*before)
            with pytest.raises(EventIdConflict) as conflict:
                await log.append(*after)
            assert conflict.value.event_id == "a"
            assert conflict.value.index == len(after) - 2
            assert ids(await log.events()) == [e.event_id for e in before]
            [stored] = await log.append(event("d"))
            assert stored.offset == len(before) + 1

    run(work())


def test_a_conflict_fails_its_own_request_only(make_store: MakeStore) -> None:
    async def work() -> None:
        def batch(number: int) -> list[Event]:
            return [event(f"{number}"), event("a", "order.cancelled" if number % 3 == 0 else "order.shipped")]

        async with opening(make_store()) as log:
            await log.append(event("a"))
            outcomes = await asyncio.gather(*(log.append(*batch(n)) for n in range(60)), return_exceptions=True)
            refused = [number for number, outcome in enumerate(outcomes) if isinstance(outcome, EventIdConflict)]
            assert refused == list(range(0, 60, 3))
            stored = ids(await log.events())
            assert stored == ["a", *(f"{number}" for number in range(60) if number % 3)]
            assert offsets(await log.events()) == list(range(1, 42))

    run(work())


# Commits


def test_each_owner_has_event_ids_of_its_own(make_store: MakeStore) -> None:
    """An owner cannot learn from a duplicate or a conflict that another has used an id, nor take the id away from it."""

    async def work() -> None:
        async with opening(make_store()) as log:
            of_nobody, of_m, of_n = event("a"), event("a", "order.cancelled", owner="m"), event("a", owner="n")
            assert offsets(await log.append(of_nobody, of_m)) == [1, 2]
            assert offsets(await log.append(of_n, of_m, of_nobody, of_n)) == [3, 2, 1, 3]
            for other in (event("a", order_id="x"), event("a", order_id="x", owner="m")):
                with pytest.raises(EventIdConflict):
                    await log.append(event("b"), other)
            assert [each.owner for each in await log.events(of_owners("m", "n"))] == ["m", "n"]

    run(work())


def test_a_commit_is_reported_before_its_append_returns(make_store: MakeStore) -> None:
    async def work() -> None:
        async with opening(make_store()) as log:

            async def append(number: int) -> None:
                stored = await log.append(*numbered(3, f"{number}-"))
                assert stored[-1] in log.committed

            await asyncio.gather(*map(append, range(100)))

    run(work())


def test_commits_are_reported_in_log_order_on_the_event_loop(make_store: MakeStore) -> None:
    async def work() -> None:
        threads: set[int] = set()
        told: list[StoredEvent] = []

        def on_commit(commit: Commit) -> None:
            threads.add(threading.get_ident())
            told.extend(commit.events)

        store = make_store()
        await store.open(on_commit)
        await asyncio.gather(*(store.append(numbered(3, f"{number}-")) for number in range(100)))
        page = await store.read(0, 300, EVERYTHING, 1000)
        await store.close()
        assert told == [*page.events]
        assert offsets(told) == list(range(1, 301))
        assert threads == {threading.get_ident()}

    run(work())


def test_a_duplicate_or_refused_event_is_not_reported(make_store: MakeStore) -> None:
    async def work() -> None:
        async with opening(make_store()) as log:
            await log.append(event("a"))
            await log.append(event("a"))
            with pytest.raises(EventIdConflict):
                await log.append(event("a", "order.cancelled"))
            assert len(log.commits) == 1

    run(work())


# Reading


@pytest.mark.parametrize(
    ("filter", "expected"),
    [
        pytest.param(EVERYTHING, "abcdef", id="everything"),
        pytest.param(SHIPPED, "acef", id="one-type"),
        pytest.param(Filter(frozenset({"order.shipped", "order.cancelled"})), "abcdef", id="two-types"),
        pytest.param(NOTHING, "", id="no-such-type"),
        pytest.param(of_orders("x"), "abf", id="one-order"),
        pytest.param(of_orders("x", "y"), "abcdf", id="two-orders"),
        pytest.param(of_orders("z"), "", id="no-such-order"),
        pytest.param(Filter(frozenset({"order.cancelled"}), frozenset({"x"})), "b", id="type-and-order"),
        pytest.param(of_orders("x", *(f"o{number}" for number in range(99))), "abf", id="a-hundred-orders"),
        pytest.param(of_orders("' OR 1=1 --", '"]'), "", id="hostile-orders"),
        pytest.param(of_owners("m"), "cf", id="one-owner"),
        pytest.param(of_owners("m", "n"), "cdf", id="two-owners"),
        pytest.param(of_owners("o"), "", id="no-such-owner"),
        pytest.param(of_owners("m", *(f"m{number}" for number in range(99))), "cf", id="a-hundred-owners"),
        pytest.param(Filter(None, frozenset({"x"}), frozenset({"m"})), "f", id="order-and-owner"),
        pytest.param(Filter(frozenset({"order.cancelled"}), None, frozenset({"m", "n"})), "d", id="type-and-owner"),
    ],
)
def test_a_page_holds_the_events_that_match(make_store: MakeStore, filter: Filter, expected: str) -> None:
    async def work() -> None:
        async with opening(make_store()) as log:
            await log.append(event("a", order_id="x"), event("b", "order.cancelled", "x"))
            await log.append(event("c", order_id="y", owner="m"), event("d", "order.cancelled", "y", "n"))
            await log.append(Event("order.shipped", "1.0.0", "e", None, "{}"), event("f", order_id="x", owner="m"))
            page = await log.page(0, filter=filter)
            assert "".join(ids(page.events)) == expected
            assert page.through == 6

    run(work())


@pytest.mark.parametrize(
    ("after", "through", "filter", "limit", "expected", "examined"),
    [
        pytest.param(0, 10, EVERYTHING, 100, [*range(1, 11)], 10, id="all"),
        pytest.param(0, 99, EVERYTHING, 100, [*range(1, 11)], 10, id="beyond-the-head"),
        pytest.param(3, 7, EVERYTHING, 100, [4, 5, 6, 7], 7, id="a-piece"),
        pytest.param(3, 7, EVERYTHING, 4, [4, 5, 6, 7], 7, id="a-piece-that-fills-the-limit"),
        pytest.param(3, 7, EVERYTHING, 2, [4, 5], 5, id="limited"),
        pytest.param(0, 10, CANCELLED, 2, [2, 4], 4, id="limited-and-filtered"),
        pytest.param(2, 3, CANCELLED, 5, [], 3, id="nothing-found"),
        pytest.param(0, 10, of_orders("or_e7"), 1, [7], 7, id="limited-to-an-order"),
        pytest.param(0, 10, of_orders("or_e7"), 2, [7], 10, id="an-order"),
        pytest.param(10, 10, EVERYTHING, 5, [], 10, id="at-the-head"),
        pytest.param(12, 20, EVERYTHING, 5, [], 12, id="after-the-head"),
    ],
)
def test_a_page_says_how_far_the_log_was_examined(
    make_store: MakeStore, after: int, through: int, filter: Filter, limit: int, expected: list[int], examined: int
) -> None:
    async def work() -> None:
        async with opening(make_store()) as log:
            types = ["order.cancelled", "order.shipped"]
            await log.append(*(event(f"e{number}", types[number % 2]) for number in range(1, 11)))
            page = await log.page(after, through, filter, limit)
            assert offsets(page.events) == expected
            assert page.through == examined

    run(work())


@pytest.mark.parametrize(
    "make_store", ["memory", "sqlite", "shared"], indirect=True
)  # one copy searches as another does
@pytest.mark.parametrize("filter", [NOTHING, of_orders("or_25000"), EVERYTHING])
def test_a_long_search_moves_on_with_every_page(make_store: MakeStore, filter: Filter) -> None:
    async def work() -> None:
        async with opening(make_store()) as log:
            for start in range(0, 25_000, 1000):
                await log.append(
                    *(event(str(number), order_id=f"or_{number}") for number in range(start, start + 1000))
                )
            after, found = 0, 0
            while after < 25_000:
                page = await log.page(after, filter=filter, limit=5000)
                assert after < page.through <= 25_000
                after, found = page.through, found + len(page.events)
            assert found == (25_000 if filter is EVERYTHING else 0)

    run(work())


@pytest.mark.parametrize(
    "filter",
    [
        pytest.param(EVERYTHING, id="everything"),
        pytest.param(CANCELLED, id="of-a-type"),
        pytest.param(NOTHING, id="of-an-unknown-type"),
        pytest.param(of_orders("x", "y"), id="of-orders"),
        pytest.param(of_owners("m"), id="of-an-owner"),
    ],
)
def test_counts_are_those_of_the_events_that_a_reader_finds(make_store: MakeStore, filter: Filter) -> None:
    async def work() -> None:
        async with opening(make_store()) as log:
            stored = await log.append(*various(300))
            stored += await log.append(*various(700, "f"))
            span_us = stored[-1].stored_at_us - stored[0].stored_at_us
            for interval_us in (1, max(1, span_us // 3), 10**12):
                for after, through in ((0, 1000), (7, 990), (256, 768), (255, 769), (3, 5), (990, 2000), (1000, 1000)):
                    expected = Counter(
                        (each.stored_at_us // interval_us, each.event_type)
                        for each in stored[after:through]
                        if filter.matches(each)
                    )
                    assert await log.counts(after, through, filter, interval_us) == expected

    run(work())


# Retention


def test_old_events_are_deleted_although_nothing_is_appended(make_store: MakeStore) -> None:
    async def work() -> None:
        async with opening(make_store(retain_seconds=0.3)) as log:
            started = time.monotonic()
            stored = await log.append(*numbered(20))
            await log.until(lambda: log.floor.offset == 20)
            assert time.monotonic() - started >= 0.3
            assert not log.commits[-1].events
            assert log.floor.stored_at_us == stored[-1].stored_at_us
            assert not (await log.page(20)).events
            assert await log.store.offset_before(stored[-1].stored_at_us) == 20
            with pytest.raises(BelowFloor):
                await log.page(19)
            [after] = await log.append(event("e1"))
            assert after.offset == 21

    run(work())
