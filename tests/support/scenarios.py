"""Runs with publishers, subscribers and events such as kills; the suite makes them in short, `make torture` at full size."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import httpx

from tests.support.checker import Delivered, Ledger, Mark, SubscriberLog, judge
from tests.support.ports import own_port
from tests.support.publishers import CANCELLED, LAST, SHIPPED, Publisher, as_event, batches, counted, publish_now
from tests.support.server_process import QUICK, ServerProcess
from tests.support.subscribers import (
    PATIENCE_SECONDS,
    Subscriber,
    at_random,
    decode,
    never,
    open_client,
    poll,
    read_stored,
)


def start_server(store: str, *arguments: str, port: int = 0, module: str = "app") -> ServerProcess:
    """Start a server without a source, with quick heartbeats and reconnections."""
    return ServerProcess("--store", store, *QUICK, *arguments, port=port, module=module)


@contextmanager
def start_on_stored(store: str, marks: Sequence[Mark], ledger: Ledger | None = None) -> Iterator[ServerProcess]:
    """Start a server on a log with events, none of which is in its memory."""
    with start_server(store) as server:
        publish_now(server.events_url, marks, ledger)
    with start_server(store) as server:
        yield server


def sqlite(folder: Path) -> str:
    return f"sqlite:{folder / 'log.db'}"


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


def stored_log(url: str) -> SubscriberLog:
    """Read the whole log at once, as one more subscriber for the checker."""
    log = SubscriberLog("stored")
    for frame in read_stored(url):
        log.take(frame.event, frame.data, frame.id)
    return log


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


async def has_acknowledged(ledger: Ledger, events: int) -> None:
    enough = len(ledger.acknowledged) + events
    await poll(lambda: len(ledger.acknowledged) >= enough, f"{events} acknowledged events")


@dataclass(slots=True)
class KillReport:
    """The figures of a run of kills."""

    acknowledged: int
    unanswered: int
    duplicates: int
    cuts: int
    readers: list[Subscriber] = field(default_factory=list)


async def kill_rounds(store: str, *, rounds: int, subscribers: int, publishers: int, seed: int) -> KillReport:
    """Kill the server repeatedly while publishers publish and subscribers resume; judge what they read.

    Every second publisher tries an event until it is acknowledged; the others leave it in doubt and go on. The first subscriber
    never leaves by itself, so each kill cuts at least one connection.
    """
    ledger = Ledger()
    random = Random(seed)
    stop = asyncio.Event()
    with ExitStack() as stack:
        server = stack.enter_context(await asyncio.to_thread(start_server, store, port=own_port()))
        url, port = server.events_url, server.port
        readers = subscribers_of(url, subscribers, most_frames=500, seed=seed)
        readers[0].leave = never
        writers = [Publisher(url, ledger, patience=None if number % 2 else 1) for number in range(publishers)]
        async with open_client() as client, following(client, readers):
            async with asyncio.TaskGroup() as group:
                for number, writer in enumerate(writers):
                    group.create_task(publish_until(stop, writer, client, number, Random(f"{seed} {number}"), most=20))
                for _ in range(rounds):
                    await has_acknowledged(ledger, random.randint(0, 300))
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


@dataclass(slots=True)
class DrainReport:
    """How a server ended under load. `replays`: the bodies of streams that were far behind."""

    exit_code: int
    seconds: float
    replays: list[bytes]
    readers: list[Subscriber]


async def drained_and_restarted(
    store: str, *, subscribers: int, publishers: int, stored: int, seed: int
) -> DrainReport:
    """Terminate the server while publishers publish, subscribers follow and others replay; restart it; judge what all have read."""
    ledger = Ledger()
    stop, terminating = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    with ExitStack() as stack:
        server = stack.enter_context(await asyncio.to_thread(start_server, store, port=own_port()))
        url, port = server.events_url, server.port
        readers = [subscriber_of(url, f"s{number}") for number in range(subscribers)]
        async with open_client() as client, open_client(receive_bytes=65_536) as narrow:
            for some in batches(counted(1000, stored), 1000):
                await Publisher(url, ledger, characters=500).publish(client, some)
            async with following(client, readers):
                async with asyncio.TaskGroup() as group:
                    for number in range(publishers):
                        work = publish_until(
                            stop, Publisher(url, ledger), client, number, Random(f"{seed} {number}"), most=9
                        )
                        group.create_task(work)
                    await has_acknowledged(ledger, 50)
                    replaying = [asyncio.Event() for _ in range(3)]
                    replays = [group.create_task(_replay(narrow, url, begun, terminating)) for begun in replaying]
                    await asyncio.gather(*(begun.wait() for begun in replaying))
                    # The replays must get their closing within the drain, so decoding the other streams must be done by then.
                    await asyncio.gather(*(has_read(reader, stored) for reader in readers))
                    started = loop.time()
                    ending = asyncio.create_task(asyncio.to_thread(server.terminate))
                    # The replays go on reading once the drain has begun; earlier, a quick one would reach the end of the log.
                    await poll(lambda: any("drain" in reader.closings for reader in readers), "the drain")
                    terminating.set()
                    exit_code = await ending
                    seconds = loop.time() - started
                    server = stack.enter_context(await asyncio.to_thread(start_server, store, port=port))
                    await has_acknowledged(ledger, 50)
                    stop.set()
                await Publisher(url, ledger).ends(client)
        bodies = [task.result() for task in replays]
        resumed = [await asyncio.to_thread(_resumed, url, body) for body in bodies]
        assert judge(ledger, [*[reader.log for reader in readers], *resumed, stored_log(url)]) == []
    return DrainReport(exit_code, seconds, bodies, readers)


async def _replay(client: httpx.AsyncClient, url: str, begun: asyncio.Event, reading_on: asyncio.Event) -> bytes:
    """Read the beginning of a stream, then nothing until `reading_on` is set, then the rest to its clean end."""
    async with client.stream("GET", url, params={"from": "earliest"}) as response:
        assert response.status_code == 200
        body = bytearray()
        async for chunk in response.aiter_raw():
            body += chunk
            if len(body) > 10_000:
                begun.set()
                await reading_on.wait()
        return bytes(body)


def _resumed(url: str, body: bytes) -> SubscriberLog:
    """Return the log of a reader that was sent this body and then resumed after it."""
    log = SubscriberLog("replaying")
    frames = decode(body)
    for frame in (*frames, *read_stored(url, frames[-1].id)):
        log.take(frame.event, frame.data, frame.id)
    return log


async def overtaken_by_retention(store: str, *, subscribers: int, kept: int, seed: int) -> list[Subscriber]:
    """Let readers stop in the middle of a replay until everything that they have not read is deleted; judge what they read."""
    ledger = Ledger()
    random = Random(seed)
    with ExitStack() as stack:
        server = stack.enter_context(await asyncio.to_thread(start_server, store, "--retain-events", str(kept)))
        url = server.events_url
        readers = [subscriber_of(url, f"s{number}") for number in range(subscribers)]
        async with open_client(receive_bytes=65_536) as narrow, open_client() as client:
            publisher = Publisher(url, ledger, characters=500)
            await publish_in_batches(publisher, client, counted(0, kept))
            for reader in readers:
                reader.pause_after = random.randint(1, 100)
            async with following(narrow, readers):
                await publish_in_batches(publisher, client, counted(1, kept))
                for reader in readers:
                    reader.resume.set()
                publisher.characters = 0
                await publisher.ends(client)
        assert judge(ledger, [*[reader.log for reader in readers], newest_log(url, ledger)], gaps=["expired"]) == []
    return readers


@dataclass(slots=True)
class SlowReaderReport:
    """The effect of readers that stopped reading on the server and on the other readers."""

    published_bytes: int
    growth_bytes: int
    published_meanwhile: int
    seen_by_others_meanwhile: int
    readers: list[Subscriber]


async def slow_readers(store: str, *, slow: int, events: int, seed: int) -> SlowReaderReport:
    """Publish while some subscribers read and others have stopped; then let these read too; judge what all have read."""
    ledger = Ledger()
    random = Random(seed)
    with ExitStack() as stack:
        server = stack.enter_context(await asyncio.to_thread(start_server, store))
        url = server.events_url
        others = [Subscriber(url, SubscriberLog("quick"), {}, joins=ledger)]
        readers = [Subscriber(url, SubscriberLog(f"slow{number}"), {}, joins=ledger) for number in range(slow)]
        for reader in readers:
            reader.pause_after = random.randint(1, 50)
        async with open_client(receive_bytes=65_536) as narrow, open_client() as client:
            publisher = Publisher(url, ledger, characters=500)
            # Fill the part of the log that the server always keeps in memory first: it is not a cost of the slow readers.
            await publish_in_batches(publisher, client, counted(0, events))
            async with following(client, others), following(narrow, readers):
                before = resident_bytes(server.pid)
                await publish_in_batches(publisher, client, counted(1, events))
                last = Mark(1, events - 1)
                await asyncio.gather(*(has_seen(reader, last) for reader in others))
                growth = resident_bytes(server.pid) - before
                seen = min(len(reader.log.delivered) for reader in others)
                assert all(len(reader.log.delivered) < events for reader in readers), "no reader was slow"
                for reader in readers:
                    reader.resume.set()
                publisher.characters = 0
                await publisher.ends(client)
        everyone = [*others, *readers]
        assert judge(ledger, [*[reader.log for reader in everyone], stored_log(url)]) == []
        assert [reader.cuts for reader in others] == [0] * len(others)
    data_bytes = sum(len(json.dumps(as_event(mark, characters=500)["data"])) for mark in counted(1, events))
    return SlowReaderReport(data_bytes, growth, events, seen, readers)


async def publish_in_batches(publisher: Publisher, client: httpx.AsyncClient, marks: Sequence[Mark]) -> None:
    for some in batches(marks, 1000):
        await publisher.publish(client, some)


async def has_read(reader: Subscriber, events: int) -> None:
    await poll(lambda: len(reader.log.entries) >= events, f"{reader.log.name} to read {events} events")


async def has_seen(reader: Subscriber, mark: Mark) -> None:
    def seen() -> bool:
        last = reader.log.entries[-1] if reader.log.entries else None
        return isinstance(last, Delivered) and last.mark == mark

    await poll(seen, f"{reader.log.name} to see {mark}")


def newest_log(url: str, ledger: Ledger) -> SubscriberLog:
    """Read what the log still holds, as a subscriber that need not have earlier events."""
    log = stored_log(url)
    first = ledger.next_counters()
    for each in reversed(log.delivered):
        first[each.mark.publisher] = each.mark.counter
    log.since = first
    return log


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


def resident_bytes(pid: int, *, peak: bool = False) -> int:
    """Return the resident memory of a process in bytes: now, or the most since `reset_peak` (Linux)."""
    field_name = "VmHWM" if peak else "VmRSS"
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(field_name))


def reset_peak(pid: int) -> None:
    Path(f"/proc/{pid}/clear_refs").write_text("5")
