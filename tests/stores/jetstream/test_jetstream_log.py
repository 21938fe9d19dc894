"""The promises of `SharedLog`, on one server that stays up."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import anyio
import pytest

from app.events.position import Epochs
from app.stores.jetstream.jetstream_log import JetStreamLog
from app.stores.jetstream.stream.stream_api import StreamInfo
from app.stores.replica.shared_log import AlreadyStored, EpochEnded
from tests.support.jetstream_logs import followed, newest_epoch, opened_log, order_event, order_events
from tests.support.nats_server import nats_server


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with nats_server(tmp_path_factory.mktemp("nats")) as server:
        yield server.url


async def test_events_are_followed_as_they_were_stored(url: str) -> None:
    async with opened_log(url) as log:
        epoch = await newest_epoch(log)
        one, many = order_event("one", owner="ä. *>"), order_events("e", 1000)
        assert await log.store([one], epoch) == 1
        assert await log.store(many, epoch) == 2
        stored = await followed(log, 1001)
        assert [event.offset for event in stored] == list(range(1, 1002))
        assert [(e.key, e.event_type, e.schema_version, e.order_id, e.data, e.epoch) for e in stored] == [
            (e.key, e.event_type, e.schema_version, e.order_id, e.data, epoch) for e in [one, *many]
        ]
        times = [event.stored_at_us for event in stored]
        assert times == sorted(times)
        assert await log.event_at(1) == stored[0]
        assert await log.event_at(1002) is None
        assert (await log.state()).head == 1001


async def test_following_begins_after_any_offset_and_goes_on_with_what_another_node_stores(url: str) -> None:
    async with opened_log(url) as log, opened_log(url, log.stream) as other:
        epoch = await newest_epoch(log)
        await log.store(order_events("e", 3), epoch)
        batches = log.follow(2)
        assert [event.offset for event in await anext(batches)] == [3]
        await other.store([order_event("later")], epoch)
        assert [event.event_id for event in await anext(batches)] == ["later"]
        await batches.aclose()


async def test_nothing_of_a_request_is_stored_if_one_of_its_events_is(url: str) -> None:
    async with opened_log(url) as log:
        epoch = await newest_epoch(log)
        await log.store(order_events("e", 5), epoch)
        for events in ([order_event("e3")], [order_event("new"), order_event("e3"), order_event("newer")]):
            with pytest.raises(AlreadyStored) as refusal:
                await log.store(events, epoch)
            assert refusal.value.offset == 4
        assert (await log.state()).head == 5
        assert await log.store([order_event("e3", owner="another")], epoch) == 6


async def test_one_of_many_equal_requests_stores_and_the_others_learn_where(url: str) -> None:
    async with opened_log(url) as log, opened_log(url, log.stream) as other:
        epoch = await newest_epoch(log)
        outcomes: list[int] = []

        async def store(number: int) -> None:
            events = [order_event("same"), *order_events(f"{number}-", number % 3)]
            try:
                await (log, other)[number % 2].store(events, epoch)
            except AlreadyStored as refusal:
                outcomes.append(refusal.offset)

        async with anyio.create_task_group() as tasks:
            for number in range(40):
                tasks.start_soon(store, number)
        assert outcomes == [1] * 39


async def test_a_new_epoch_fences_the_old_one_and_is_begun_once(url: str) -> None:
    async with opened_log(url) as log, opened_log(url, log.stream) as other:
        first = (await log.state()).epochs
        await log.store(order_events("e", 3), first.open.name)
        follower = log.follow(3)
        begun: list[Epochs] = []

        async def begin(node: JetStreamLog) -> None:
            begun.append((await node.begin_epoch(first)).epochs)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(begin, log)
            tasks.start_soon(begin, other)
        assert begun[0] == begun[1]
        [old, new] = begun[0]
        assert (old, new.first_offset) == (first.open, 4)
        assert (await log.begin_epoch(first)).epochs == begun[0]
        for node in (log, other):
            with pytest.raises(EpochEnded):
                await node.store([order_event("late")], old.name)
        assert await log.store([order_event("e1")], new.name) == 4
        assert [batch async for batch in follower] == []
        assert [event.epoch for event in await followed(log, 4)] == [old.name] * 3 + [new.name]


async def test_events_in_the_places_of_lost_ones_get_an_epoch_of_their_own(url: str) -> None:
    async with opened_log(url) as log:
        first = (await log.state()).epochs
        await log.store(order_events("e", 5), first.open.name)
        old, between, new = (await log.begin_epoch(first, 3)).epochs
        assert (old, between.first_offset, new.first_offset) == (first.open, 3, 6)
        assert [event.epoch for event in await followed(log, 5)] == [old.name] * 2 + [between.name] * 3


async def test_an_epoch_that_another_node_has_begun_and_not_recorded_is_finished(url: str) -> None:
    async with opened_log(url) as log:
        first = (await log.state()).epochs
        claim = f"epoch-after-{first.open.name}"
        config = {"name": claim, "ack_policy": "explicit", "metadata": {"orders-events.epoch": "k7f3q2xw"}}
        await log._api.create_consumer(config, claim, "create")
        assert (await log.begin_epoch(first)).epochs.open == ("k7f3q2xw", 1)


async def test_a_node_that_is_overtaken_while_it_begins_an_epoch_does_not_move_the_one_that_was_begun(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened_log(url) as log, opened_log(url, log.stream) as slow:
        first = (await log.state()).epochs
        begun: list[Epochs] = []
        update = slow._api.update

        async def overtaken(config: Mapping[str, Any]) -> StreamInfo:
            if not begun:
                begun.append((await log.begin_epoch(first)).epochs)
                await log.store(order_events("e", 3), begun[0].open.name)
            return await update(config)

        monkeypatch.setattr(slow._api, "update", overtaken)
        assert (await slow.begin_epoch(first)).epochs == begun[0]
        assert (await log.state()).epochs == begun[0]
        assert await slow.store([order_event("next")], begun[0].open.name) == 4


async def test_what_a_restored_stream_sends_under_ids_of_lost_events_is_not_passed_on(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened_log(url) as log, opened_log(url, log.stream) as other:
        epoch = (await log.state()).epochs.open.name
        await other.store([order_event("kept")], epoch)
        batches = log.follow(0)
        assert await anext((events async for events in batches if events), None)
        info = log._api.info

        async def restored() -> StreamInfo:
            return replace(await info(), created="2026-01-01T00:00:00Z")

        monkeypatch.setattr(log._api, "info", restored)
        await other.store([order_event("stray")], epoch)
        assert await anext((events async for events in batches if events), None) is None
