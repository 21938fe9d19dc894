"""A log that several servers share: what other servers acknowledge, and what happens to readers if the log is replaced."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import pytest

from app.events.delivery.stream_item import Closing, StreamStart
from app.events.delivery.subscribe import SubscriptionRequest
from app.events.delivery.subscribe import subscribe as open_subscription
from app.events.delivery.subscription import Subscription
from app.events.errors import StoreUnavailable
from app.events.event import Event
from app.events.filter import EVERYTHING
from app.events.log.event_log import EventLog
from app.events.log.event_store import Appended, Commit, Opened
from app.events.log.read_page import read_page
from app.events.log.start import Start, StartRequest, locate_start
from app.events.position import Epoch, Epochs, Floor, Gap
from app.stores.memory import MemoryStore
from app.stores.sqlite.store import SqliteStore
from tests.events.logs import Reader, event, event_ids, start, subscribe, turns

KEY = b"k" * 16


class SharedStore(MemoryStore):
    """A store to which another server writes as well: its events and epochs arrive when `sync` is called, if it can be asked."""

    def __init__(self) -> None:
        super().__init__()
        self.report: Callable[[Commit], None] = lambda _commit: None
        self.arriving: list[Callable[[], object]] = []
        self.can_be_asked = True

    async def open(self, on_commit: Callable[[Commit], None]) -> Opened:
        self.report = on_commit
        return await super().open(on_commit)

    async def sync(self) -> None:
        if not self.can_be_asked:
            raise StoreUnavailable("The log does not answer.")
        await asyncio.sleep(0)
        for arrive in self.arriving:
            arrive()
        self.arriving.clear()

    async def written_elsewhere(self, *events: Event) -> Sequence[Appended]:
        """Store events that arrive here with the next call of `sync`; return how another server has answered."""
        report, self._on_commit = self._on_commit, lambda commit: self.arriving.append(lambda: self.report(commit))
        try:
            return await self.append(events)
        finally:
            self._on_commit = report

    def replace(self, head: int, epoch: str = "11111111") -> None:
        """Report that the log is another one, which has events up to `head`."""
        replaced = Opened(Epochs([Epoch(epoch, 1)]), head, Floor(0, 0), KEY)
        self.report(Commit((), replaced.floor, replaced.epochs, replaced))


async def shared_log(*events: Event) -> tuple[EventLog, SharedStore]:
    store = SharedStore()
    log = EventLog(store)
    await log.open()
    await log.append(events)
    return log, store


async def test_an_id_of_another_server_is_ahead_only_if_the_log_does_not_have_it() -> None:
    log, store = await shared_log(event("a"))
    [(stored, _)] = await store.written_elsewhere(event("b"))
    assert await locate_start(log, StartRequest(stored.id), EVERYTHING) == Start(2)
    beyond = await locate_start(log, StartRequest(f"{stored.epoch}-3"), EVERYTHING)
    assert beyond.gap is not None
    assert beyond.gap.reason == "ahead"


async def test_an_id_of_an_epoch_that_another_server_has_begun_is_not_foreign() -> None:
    log, store = await shared_log(event("a"))
    epochs = Epochs([log.epochs.open, Epoch("22222222", 2)])
    store.arriving.append(lambda: store.report(Commit((), log.floor, epochs)))
    assert await locate_start(log, StartRequest("22222222-1"), EVERYTHING) == Start(1)


@pytest.mark.parametrize("last_event_id", ["EPOCH-2", "zzzzzzzz-1"])
async def test_no_gap_is_reported_while_the_other_servers_cannot_be_asked(last_event_id: str) -> None:
    log, store = await shared_log(event("a"))
    store.can_be_asked = False
    request = StartRequest(last_event_id.replace("EPOCH", log.epochs.open.name))
    with pytest.raises(StoreUnavailable):
        await locate_start(log, request, EVERYTHING)
    assert await open_subscription(log, SubscriptionRequest(request, EVERYTHING)) == Closing("unavailable")


async def test_a_finite_read_ends_after_everything_that_was_acknowledged_anywhere() -> None:
    log, store = await shared_log(event("a"))
    await store.written_elsewhere(event("b"))
    request = SubscriptionRequest(StartRequest(origin="earliest"), EVERYTHING, follow=False)
    subscription = await open_subscription(log, request)
    assert isinstance(subscription, Subscription)
    reader = Reader(log, subscription)
    assert event_ids([await reader.advance()]) == ["a", "b"]
    store.can_be_asked = False
    assert await open_subscription(log, request) == Closing("unavailable")


async def test_a_page_asks_the_other_servers_unless_it_is_full() -> None:
    log, store = await shared_log(*map(event, "abc"))

    async def page(limit: int, wait_seconds: float = 0) -> list[str]:
        read = await read_page(log, Start(0), EVERYTHING, limit, wait_seconds)
        return [stored.event_id for stored in read.events]

    await store.written_elsewhere(event("d"))
    assert await page(3) == ["a", "b", "c"]
    assert log.head == 3
    assert await page(10, wait_seconds=1) == ["a", "b", "c"]
    assert await page(10) == ["a", "b", "c", "d"]
    store.can_be_asked = False
    assert await page(4) == ["a", "b", "c", "d"]
    with pytest.raises(StoreUnavailable):
        await page(5)
    with pytest.raises(StoreUnavailable):
        await read_page(log, Start(log.head), EVERYTHING, 5, 0)


async def test_a_reader_that_follows_asks_no_other_server() -> None:
    log, store = await shared_log(event("a"))
    store.can_be_asked = False
    for request in (StartRequest(), StartRequest(origin="earliest"), StartRequest(str(log.position(1)))):
        assert isinstance(await open_subscription(log, SubscriptionRequest(request, EVERYTHING)), Subscription)


async def test_the_stores_of_one_server_have_nothing_to_wait_for() -> None:
    for sync in (MemoryStore().sync(), SqliteStore.sync.__get__(object())()):
        with pytest.raises(StopIteration):
            sync.send(None)


async def test_streams_end_if_the_log_is_replaced_and_their_ids_are_then_foreign() -> None:
    log, store = await shared_log(*map(event, "abc"))
    live, behind = subscribe(log, await start(log, str(log.position(3)))), subscribe(log, Start(0))
    live_item = asyncio.create_task(live.advance())
    await behind.advance()
    await turns()
    last_id = str(log.position(3))
    store.replace(head=0)
    assert await live_item == Closing("unavailable")
    assert await behind.advance() == Closing("unavailable")
    assert (await start(log, last_id)).gap == Gap("foreign", last_id, log.position(0))
    assert log.head == 0


async def test_a_stream_whose_start_was_located_in_a_replaced_log_starts_at_the_beginning() -> None:
    log, store = await shared_log(*map(event, "abc"))
    reader = subscribe(log, await start(log, str(log.position(3))))
    store.replace(head=1)
    assert event_ids([await reader.advance()]) == ["a"]
    assert reader.start == StreamStart(Gap("foreign", "11111111-0", log.position(0)))


async def test_a_page_of_a_replaced_log_is_refused() -> None:
    log, store = await shared_log(*map(event, "abc"))
    at_end = await start(log, str(log.position(3)))
    waiting = asyncio.create_task(read_page(log, at_end, EVERYTHING, 10, wait_seconds=30))
    await turns()
    store.replace(head=5)
    for read in (waiting, read_page(log, at_end, EVERYTHING, 10, wait_seconds=0)):
        with pytest.raises(StoreUnavailable, match="The log was replaced"):
            await read
