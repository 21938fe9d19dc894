"""Runs in which subscribers come, leave and resume; the suite makes them in short, `make torture` at full size."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from random import Random

from tests.support.checker import Ledger, Mark, SubscriberLog, judge
from tests.support.crowds import (
    following,
    has_read,
    publish_until,
    stored_log,
    subscribers_of,
)
from tests.support.publishers import Publisher, counted
from tests.support.subscribers import (
    Subscriber,
    at_random,
    open_client,
)


async def come_and_go(
    url: str,
    ledger: Ledger,
    *,
    subscribers: int,
    publishers: int,
    events: int,
    most_frames: int,
    most_events: int,
    seed: int,
) -> list[Subscriber]:
    """Publish events at full speed to subscribers that leave and resume at random; judge what they read.

    `most_frames`: the longest stay of a subscriber; `most_events`: the largest request; `ledger`: the events stored already.
    """
    readers = subscribers_of(url, subscribers, most_frames=most_frames, seed=seed)
    async with open_client() as client, following(client, readers):
        async with asyncio.TaskGroup() as group:
            for number in range(publishers):
                marks = counted(number, events // publishers)
                work = Publisher(url, ledger).publish_all(
                    client, marks, random=Random(f"{seed} p{number}"), most=most_events
                )
                group.create_task(work)
        await Publisher(url, ledger).ends(client)
    assert judge(ledger, [*[reader.log for reader in readers], stored_log(url)]) == []
    assert sum(reader.cuts for reader in readers) == 0, "the server cut streams"
    return readers


async def join_and_leave(url: str, *, subscribers: int, publishers: int, seed: int) -> None:
    """Let subscribers join at the head, one after the other, during publishing; each leaves and resumes every few frames.

    The publishers are not faster than the subscribers, so every connection goes from stored events to live ones.
    """
    ledger = Ledger()
    random = Random(seed)
    joined: list[tuple[Subscriber, set[Mark]]] = []
    stop = asyncio.Event()
    async with open_client() as client, AsyncExitStack() as stack:
        async with asyncio.TaskGroup() as group:
            for number in range(publishers):
                work = publish_until(
                    stop, Publisher(url, ledger), client, number, Random(f"{seed} {number}"), most=3, pause_seconds=0.02
                )
                group.create_task(work)
            for number in range(subscribers):
                leave = at_random(Random(f"{seed} s{number}"), 16)
                reader = Subscriber(url, SubscriberLog(f"s{number}"), {}, leave, joins=ledger, hasty=True)
                joined.append((reader, set(ledger.acknowledged)))
                await stack.enter_async_context(following(client, [reader]))
                await has_read(reader, random.randint(1, 10))
            stop.set()
        await Publisher(url, ledger).ends(client)
    assert judge(ledger, [*[reader.log for reader, _ in joined], stored_log(url)]) == []
    for reader, before in joined:
        assert before.isdisjoint(each.mark for each in reader.log.delivered), "`latest` brought older events"
