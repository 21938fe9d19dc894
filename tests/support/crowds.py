"""Crowds of subscribers and publishers: how they are made, and how a test waits for them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from random import Random

import httpx

from tests.support.checker import Delivered, Ledger, Mark, SubscriberLog
from tests.support.publishers import CANCELLED, LAST, SHIPPED, Publisher, batches, counted
from tests.support.subscribers import (
    PATIENCE_SECONDS,
    Subscriber,
    at_random,
    poll,
    read_stored,
)


def subscriber_of(url: str, name: str, event_type: str | None = None) -> Subscriber:
    """Make a subscriber that starts at the earliest event and wants every event, or one type."""
    if event_type is None:
        return Subscriber(url, SubscriberLog(name))
    log = SubscriberLog(name, wants=lambda _mark, sent_as: sent_as == event_type)
    return Subscriber(url, log, {"from": "earliest", "eventTypes": event_type})


def subscribers_of(url: str, count: int, *, most_frames: int, seed: int) -> list[Subscriber]:
    """Make subscribers that leave after random numbers of frames; a fifth wants only shipped orders, a fifth only cancelled ones."""
    subscribers = []
    for number in range(count):
        event_type = {1: SHIPPED, 2: CANCELLED}.get(number % 5)
        subscriber = subscriber_of(url, f"s{number}", event_type)
        subscriber.leave = at_random(Random(f"{seed} {number}"), most_frames)
        subscribers.append(subscriber)
    return subscribers


def last_for(subscriber: Subscriber) -> Mark:
    """Return the last event that this subscriber wants."""
    return LAST[CANCELLED if subscriber.parameters.get("eventTypes") == CANCELLED else SHIPPED]


@asynccontextmanager
async def following(client: httpx.AsyncClient, subscribers: Sequence[Subscriber]) -> AsyncIterator[None]:
    """Let subscribers follow, each connected before the body runs; after it, wait until all have read the last event.

    A subscriber that never gets it is not an error here: the checker finds out what it missed.
    """
    tasks = [asyncio.create_task(subscriber.follow(client, until=last_for(subscriber))) for subscriber in subscribers]
    try:
        for subscriber in subscribers:
            await asyncio.wait_for(subscriber.opened.wait(), PATIENCE_SECONDS)
        yield
        await asyncio.wait(tasks, timeout=PATIENCE_SECONDS)
    finally:
        for task in tasks:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
    for each in ended:
        if isinstance(each, Exception):
            raise each


async def has_read(reader: Subscriber, events: int) -> None:
    await poll(lambda: len(reader.log.entries) >= events, f"{reader.log.name} to read {events} events")


async def has_seen(reader: Subscriber, mark: Mark) -> None:
    def seen() -> bool:
        last = reader.log.entries[-1] if reader.log.entries else None
        return isinstance(last, Delivered) and last.mark == mark

    await poll(seen, f"{reader.log.name} to see {mark}")


def stored_log(url: str) -> SubscriberLog:
    """Read the whole log at once, as one more subscriber for the checker."""
    log = SubscriberLog("stored")
    for frame in read_stored(url):
        log.take(frame.event, frame.data, frame.id)
    return log


def newest_log(url: str, ledger: Ledger) -> SubscriberLog:
    """Read what the log still holds, as a subscriber that need not have earlier events."""
    log = stored_log(url)
    first = ledger.next_counters()
    for each in reversed(log.delivered):
        first[each.mark.publisher] = each.mark.counter
    log.since = first
    return log


async def publish_in_batches(publisher: Publisher, client: httpx.AsyncClient, marks: Sequence[Mark]) -> None:
    for some in batches(marks, 1000):
        await publisher.publish(client, some)


async def publish_until(
    stop: asyncio.Event,
    publisher: Publisher,
    client: httpx.AsyncClient,
    number: int,
    random: Random,
    *,
    most: int,
    pause_seconds: float = 0,
) -> None:
    """Publish the next counters, up to `most` in a request, until `stop` is set."""
    first = 0
    while not stop.is_set():
        size = random.randint(1, most)
        await publisher.publish(client, counted(number, size, first=first))
        first += size
        await asyncio.sleep(pause_seconds)


async def has_acknowledged(ledger: Ledger, events: int) -> None:
    enough = len(ledger.acknowledged) + events
    await poll(lambda: len(ledger.acknowledged) >= enough, f"{events} acknowledged events")
