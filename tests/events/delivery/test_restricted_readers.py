"""A restricted reader notices nothing of the events that it may not see."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.events.delivery import cursor as cursor_module
from app.events.delivery.sink import NOWHERE
from app.events.delivery.stream_item import Checkpoint, Closing, StreamItem
from app.events.errors import PositionLost
from app.events.event import Event
from app.events.filter import EVERYTHING, Filter
from app.events.log.event_log import EventLog
from app.events.log.event_store import Page
from app.events.log.read_page import read_page
from app.events.log.start import Start, StartRequest, locate_start
from app.events.position import Position
from app.stores import memory as memory_module
from app.stores.memory import MemoryStore
from tests.events.logs import SHIPPED, event, open_log, start, steps_to_the_end, subscribe, turns

RESTRICTED = replace(SHIPPED, restricted=True)
OTHER = "order.cancelled"


async def start_after(log: EventLog, last_event_id: str, filter: Filter) -> Start:
    return await locate_start(log, StartRequest(last_event_id), filter)


def kinds(steps: list[StreamItem]) -> list[str]:
    return [type(step).__name__ for step in steps]


async def sent_without_following(*events: Event) -> list[str]:
    log = await open_log(*events)
    reader = subscribe(log, Start(0), RESTRICTED, follow=False)
    assert not reader.subscription.is_empty
    return kinds(await steps_to_the_end(reader))


async def test_a_page_of_events_has_opaque_ids_that_are_the_same_live_and_replayed() -> None:
    log = await open_log()
    live = subscribe(log, Start(0), RESTRICTED)
    plain = subscribe(log, Start(0), SHIPPED)
    for reader in (live, plain):
        reader.fan_out.open(reader.subscription, reader)
        reader._opened = True
    await turns()
    await log.append([event("a", OTHER), event("b"), event("c")])
    page, plain_page = await live.advance(), await plain.advance()
    assert isinstance(page, Page)
    assert isinstance(plain_page, Page)
    assert page is not plain_page
    assert plain_page.ids == [str(log.position(2)), str(log.position(3))]
    assert [log.ids.position(id, RESTRICTED) for id in page.ids] == [log.position(2), log.position(3)]
    [replayed, *_] = await steps_to_the_end(subscribe(log, Start(0), RESTRICTED, follow=False))
    assert isinstance(replayed, Page)
    assert (replayed.ids, replayed.opaque_ids) == (page.ids, page.opaque_ids)


async def test_a_reader_goes_on_after_any_opaque_id_and_an_unrestricted_one_after_both_kinds() -> None:
    log = await open_log(*map(event, "abc"))
    place = str(log.id_of_place(2, RESTRICTED))
    page = log.read_in_memory(0, 3, RESTRICTED, 100)
    for filter in (RESTRICTED, EVERYTHING):
        assert await start_after(log, place, filter) == Start(2)
        assert await start_after(log, page.ids[1], filter) == Start(2)
    assert await start_after(log, str(log.position(2)), EVERYTHING) == Start(2)


async def test_a_position_is_foreign_to_a_restricted_reader() -> None:
    log = await open_log(*map(event, "abc"), retain_events=2)
    for offset in range(5):
        found = await start_after(log, f"{log.epochs.open.name}-{offset}", RESTRICTED)
        assert found.gap is not None
        assert found.gap.reason == "foreign"
        assert log.ids.position(str(found.gap.earliest), RESTRICTED) == log.position(1)


async def test_an_opaque_id_expires_as_a_position_does() -> None:
    log = await open_log(event("a"))
    place = str(log.id_of_place(0, RESTRICTED))
    await log.append([event(f"e-{number}") for number in range(5)])
    log._floor = log.floor._replace(offset=2)
    found = await start_after(log, place, RESTRICTED)
    assert found.gap is not None
    assert (found.gap.reason, found.gap.requested) == ("expired", place)
    assert not isinstance(found.gap.earliest, Position)
    with pytest.raises(PositionLost) as lost:
        await read_page(log, Start(0), RESTRICTED, 100, 0)
    assert log.ids.position(lost.value.gap.requested, RESTRICTED) == log.position(0)


async def test_every_sign_of_life_is_a_new_checkpoint() -> None:
    log = await open_log(event("a"))
    subscription = subscribe(log, Start(1), RESTRICTED).subscription
    subscription.open(NOWHERE)
    ids = set()
    for _ in range(3):
        sent = subscription.sign_of_life()
        assert isinstance(sent, Checkpoint)
        assert log.ids.position(str(sent.position), RESTRICTED) == log.position(1)
        ids.add(sent.position)
    assert len(ids) == 3


async def test_a_finite_stream_is_the_same_whether_or_not_others_publish() -> None:
    own = [event("a"), event("b")]
    with_others = [event("x", OTHER), event("a"), event("y", OTHER), event("b"), event("z", OTHER)]
    assert await sent_without_following() == ["Checkpoint", "Closing"]
    assert await sent_without_following(event("x", OTHER)) == ["Checkpoint", "Closing"]
    assert await sent_without_following(*own) == ["Page", "Checkpoint", "Closing"]
    assert await sent_without_following(*with_others) == ["Page", "Checkpoint", "Closing"]


async def test_a_limit_ends_a_restricted_stream_as_any_other() -> None:
    log = await open_log(event("a"), event("x", OTHER), event("b"))
    steps = await steps_to_the_end(subscribe(log, await start(log), RESTRICTED, follow=False, limit=1))
    assert (kinds(steps), steps[-1]) == (["Page", "Closing"], Closing("limit"))


async def reopened(events: list[Event]) -> EventLog:
    """Open a log again, so that none of its events is in memory."""
    store = MemoryStore()
    log = EventLog(store)
    await log.open()
    await log.append(events)
    again = EventLog(store)
    await again.open()
    return again


async def test_pages_are_the_same_whether_or_not_others_publish_and_wherever_they_are_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(memory_module, "EXAMINED_PER_READ", 10)
    monkeypatch.setattr(cursor_module, "PAGE_EVENTS", 4)
    own = [event(f"e-{number}") for number in range(11)]
    with_others = [each for one in own for each in (one, *(event(f"{one.event_id}-{n}", OTHER) for n in range(12)))]
    sizes, pages = [], []
    for log in (await open_log(*own), await open_log(*with_others), await reopened(own), await reopened(with_others)):
        steps = await steps_to_the_end(subscribe(log, Start(0), RESTRICTED, follow=False))
        sizes.append([len(step.events) for step in steps if isinstance(step, Page)])
        pages.append(len((await read_page(log, Start(0), RESTRICTED, 9, 0)).events))
    assert sizes == [[4, 4, 3]] * 4
    assert pages == [9] * 4
