from __future__ import annotations

import asyncio
from contextlib import ExitStack
from itertools import pairwise

import pytest

from app.events.log import EventLog
from app.events.start import Start
from app.events.subscribe import HEARTBEAT, Checkpoint, Step
from app.events.subscriptions import Subscriptions
from tests.events.logs import CANCELLED, event, event_ids, now_seconds, open_log, run, run_in_virtual_time, subscribe

HEARTBEAT_SECONDS = 15


async def beating(*, until_seconds: float, log: EventLog, subscriptions: Subscriptions) -> list[tuple[float, Step]]:
    """Follow with a filter on cancelled orders while the clock runs; return what was sent, and when."""
    sent: list[tuple[float, Step]] = []
    clock = asyncio.create_task(subscriptions.run())

    async def follow() -> None:
        with subscriptions.holding(subscribe(log, Start(log.head), CANCELLED)) as subscription:
            while True:
                step = await subscription.advance()
                sent.append((now_seconds(), step))

    following = asyncio.create_task(follow())
    await asyncio.sleep(until_seconds)
    for task in (following, clock):
        task.cancel()
    await asyncio.wait([following, clock])
    assert len(subscriptions) == 0
    return sent


def test_a_silent_stream_never_waits_longer_than_promised_for_a_sign_of_life() -> None:
    async def work() -> None:
        log = await open_log()
        sent = await beating(until_seconds=600, log=log, subscriptions=Subscriptions(HEARTBEAT_SECONDS))
        times = [0.0, *(seconds for seconds, _ in sent)]
        silences = [later - earlier for earlier, later in pairwise(times)]
        assert all(step == HEARTBEAT for _, step in sent)
        assert max(silences) <= HEARTBEAT_SECONDS - 1  # a second is left for a busy loop
        assert min(silences) >= HEARTBEAT_SECONDS - 3

    run_in_virtual_time(work())


def test_a_stream_that_sends_often_is_left_alone() -> None:
    async def work() -> None:
        log = await open_log()

        async def publish() -> None:
            for number in range(100):
                await asyncio.sleep(5)
                await log.append([event(f"e-{number}", "order.cancelled")])

        publishing = asyncio.create_task(publish())
        sent = await beating(until_seconds=499, log=log, subscriptions=Subscriptions(HEARTBEAT_SECONDS))
        publishing.cancel()
        assert event_ids([step for _, step in sent]) == [f"e-{number}" for number in range(99)]
        assert len(sent) == 99

    run_in_virtual_time(work())


def test_a_stream_whose_filter_matches_nothing_moves_forward() -> None:
    async def work() -> None:
        log = await open_log()

        async def publish() -> None:
            for number in range(600):
                await log.append([event(f"e-{number}")])
                await asyncio.sleep(1)

        publishing = asyncio.create_task(publish())
        sent = await beating(until_seconds=600, log=log, subscriptions=Subscriptions(HEARTBEAT_SECONDS))
        await publishing
        checkpoints = [(seconds, step.position.offset) for seconds, step in sent if isinstance(step, Checkpoint)]
        assert len(checkpoints) == len(sent) >= 600 // HEARTBEAT_SECONDS
        assert all(offset >= seconds - 1 for seconds, offset in checkpoints)

    run_in_virtual_time(work())


@pytest.mark.parametrize("heartbeat_seconds", [1, 15, 60])
def test_every_subscription_beats_whenever_it_came(heartbeat_seconds: int) -> None:
    async def work() -> None:
        log = await open_log()
        subscriptions = Subscriptions(heartbeat_seconds)
        clock = asyncio.create_task(subscriptions.run())
        with ExitStack() as open_streams:
            silences = []

            async def one_beat() -> None:
                subscription = open_streams.enter_context(subscriptions.holding(subscribe(log, Start(0))))
                came = now_seconds()
                assert await subscription.advance() == HEARTBEAT
                silences.append(now_seconds() - came)

            tasks = []
            for _ in range(50):
                tasks.append(asyncio.create_task(one_beat()))
                await asyncio.sleep(heartbeat_seconds / 40)
            await asyncio.gather(*tasks)
            assert len(subscriptions) == 50
            assert max(silences) < heartbeat_seconds
        clock.cancel()
        await asyncio.wait([clock])

    run_in_virtual_time(work())


def test_the_lag_is_that_of_the_slowest() -> None:
    async def work() -> None:
        log = await open_log(*map(event, "abcdef"))
        subscriptions = Subscriptions(HEARTBEAT_SECONDS)
        assert subscriptions.lag_events() == 0
        with subscriptions.holding(subscribe(log, Start(5))), subscriptions.holding(subscribe(log, Start(2))):
            assert (len(subscriptions), subscriptions.lag_events()) == (2, 4)
        assert (len(subscriptions), subscriptions.lag_events()) == (0, 0)

    run(work())


def test_the_end_is_awaited_until_the_last_stream_is_gone() -> None:
    async def work() -> None:
        log = await open_log()
        subscriptions = Subscriptions(HEARTBEAT_SECONDS)
        await subscriptions.ended()
        with subscriptions.holding(subscribe(log, Start(0))):
            with subscriptions.holding(subscribe(log, Start(0))):
                ending = asyncio.create_task(subscriptions.ended())
                await asyncio.sleep(1)
            await asyncio.sleep(1)
            assert not ending.done()
        await ending

    run_in_virtual_time(work())
