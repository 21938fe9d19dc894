"""The runs that the suite makes in short and the torture at full size: publishers, subscribers, and what happens to them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import httpx

from tests.checker import Ledger, Mark, SubscriberLog, judge
from tests.publishers import CANCELLED, LAST, SHIPPED, Publisher, counted
from tests.server_process import ServerProcess
from tests.subscribers import Parameters, Subscriber, at_random, open_client, poll, read_stored

QUICK = ("--source", "none", "--heartbeat-seconds", "1", "--retry-ms", "50-100")

_EVERYTHING: Parameters = {"from": "earliest"}


def start_server(store: str, *arguments: str, port: int = 0) -> ServerProcess:
    """Start a server without a source, with quick heartbeats and reconnections."""
    return ServerProcess("--store", store, *QUICK, *arguments, port=port)


def sqlite(folder: Path) -> str:
    return f"sqlite:{folder / 'log.db'}"


def subscriber_of(url: str, name: str, event_type: str | None = None) -> Subscriber:
    """A subscriber from the earliest event on, to everything or to one type."""
    if event_type is None:
        return Subscriber(url, SubscriberLog(name))
    log = SubscriberLog(name, wants=lambda _mark, sent_as: sent_as == event_type)
    return Subscriber(url, log, {"from": "earliest", "eventTypes": event_type})


def subscribers_of(url: str, count: int, *, most_frames: int, seed: int) -> list[Subscriber]:
    """Subscribers that leave after random numbers of frames; every fifth wants shipped orders only, every fifth cancelled."""
    subscribers = []
    for number in range(count):
        event_type = {1: SHIPPED, 2: CANCELLED}.get(number % 5)
        subscriber = subscriber_of(url, f"s{number}", event_type)
        subscriber.leave = at_random(Random(f"{seed} {number}"), most_frames)
        subscribers.append(subscriber)
    return subscribers


def last_for(subscriber: Subscriber) -> Mark:
    """The last of all events that this subscriber wants."""
    return LAST[CANCELLED if subscriber.parameters.get("eventTypes") == CANCELLED else SHIPPED]


@asynccontextmanager
async def following(client: httpx.AsyncClient, subscribers: Sequence[Subscriber]) -> AsyncIterator[None]:
    """Let subscribers follow, each connected before the body runs; then wait until all have seen the last event."""
    async with asyncio.TaskGroup() as group:
        for subscriber in subscribers:
            group.create_task(subscriber.follow(client, until=last_for(subscriber)))
        for subscriber in subscribers:
            await subscriber.opened.wait()
        yield


def stored_log(url: str) -> SubscriberLog:
    """What the log holds, read at once: one more subscriber for the checker."""
    log = SubscriberLog("stored")
    for frame in read_stored(url):
        log.take(frame.event, frame.data, frame.id)
    return log


async def come_and_go(
    url: str, *, subscribers: int, publishers: int, events: int, most_frames: int, most_events: int, seed: int
) -> list[Subscriber]:
    """Publish `events` at full speed to subscribers that leave and resume at random, and judge what they read.

    A subscriber stays for up to `most_frames`, a request carries up to `most_events`.
    """
    ledger = Ledger()
    readers = subscribers_of(url, subscribers, most_frames=most_frames, seed=seed)
    async with open_client() as client:
        async with following(client, readers):
            async with asyncio.TaskGroup() as group:
                for number in range(publishers):
                    marks = counted(number, events // publishers)
                    work = Publisher(url, ledger).publish_all(client, marks, random=Random(f"{seed} p{number}"), most=most_events)
                    group.create_task(work)
            await Publisher(url, ledger).ends(client)
    assert judge(ledger, [*[reader.log for reader in readers], stored_log(url)]) == []
    assert sum(reader.cuts for reader in readers) == 0, "the server cut streams"
    return readers


async def join_and_leave(url: str, *, subscribers: int, publishers: int, seed: int) -> None:
    """Let subscribers join at the head, one after the other, while others publish; each leaves and resumes every few frames.

    So every connection begins at the seam between what is stored and what comes.
    """
    ledger = Ledger()
    random = Random(seed)
    joined: list[tuple[Subscriber, set[Mark]]] = []
    stop = asyncio.Event()
    async with open_client() as client, asyncio.TaskGroup() as readers:
        async with asyncio.TaskGroup() as group:
            for number in range(publishers):
                group.create_task(_publish_until(stop, Publisher(url, ledger), client, number, Random(f"{seed} {number}"), most=3))
            for number in range(subscribers):
                reader = Subscriber(url, SubscriberLog(f"s{number}"), {}, at_random(Random(f"{seed} s{number}"), 4), ledger)
                joined.append((reader, set(ledger.acknowledged)))
                readers.create_task(reader.follow(client, until=LAST[SHIPPED]))
                enough = random.randint(1, 10)
                await poll(lambda log=reader.log, enough=enough: len(log.entries) >= enough, f"{enough} events")  # type: ignore[misc]
            stop.set()
        await Publisher(url, ledger).ends(client)
    assert judge(ledger, [*[reader.log for reader, _ in joined], stored_log(url)]) == []
    for reader, before in joined:
        assert before.isdisjoint(each.mark for each in reader.log.delivered), "`latest` brought older events"


@dataclass(slots=True)
class KillReport:
    """What a run of kills amounted to."""

    acknowledged: int
    unanswered: int
    duplicates: int
    cuts: int
    readers: list[Subscriber] = field(default_factory=list)


async def kill_rounds(store: str, *, rounds: int, subscribers: int, publishers: int, seed: int) -> KillReport:
    """Kill the server again and again while publishers publish and subscribers resume, and judge what they read.

    Every second publisher tries an event until it is acknowledged; the others leave it in doubt and go on.
    """
    ledger = Ledger()
    random = Random(seed)
    stop = asyncio.Event()
    with ExitStack() as stack:
        server = stack.enter_context(await asyncio.to_thread(start_server, store))
        url, port = server.events_url, server.port
        readers = subscribers_of(url, subscribers, most_frames=500, seed=seed)
        writers = [Publisher(url, ledger, patience=None if number % 2 else 1) for number in range(publishers)]
        async with open_client() as client:
            async with following(client, readers):
                async with asyncio.TaskGroup() as group:
                    for number, writer in enumerate(writers):
                        group.create_task(_publish_until(stop, writer, client, number, Random(f"{seed} {number}"), most=20))
                    for _ in range(rounds):
                        enough = len(ledger.acknowledged) + random.randint(0, 300)
                        await poll(lambda enough=enough: len(ledger.acknowledged) >= enough, f"{enough} events")  # type: ignore[misc]
                        await asyncio.to_thread(server.kill)
                        server = stack.enter_context(await asyncio.to_thread(start_server, store, port=port))
                    stop.set()
                await Publisher(url, ledger).ends(client)
        assert judge(ledger, [*[reader.log for reader in readers], stored_log(url)]) == []
    return KillReport(
        acknowledged=len(ledger.acknowledged),
        unanswered=sum(writer.unanswered for writer in writers),
        duplicates=sum(writer.duplicates for writer in writers),
        cuts=sum(reader.cuts for reader in readers),
        readers=readers,
    )


async def _publish_until(
    stop: asyncio.Event, publisher: Publisher, client: httpx.AsyncClient, number: int, random: Random, *, most: int
) -> None:
    first = 0
    while not stop.is_set():
        size = random.randint(1, most)
        await publisher.publish(client, counted(number, size, first=first))
        first += size
