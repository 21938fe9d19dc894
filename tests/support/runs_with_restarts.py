"""Runs in which the server is killed or terminated; the suite makes them in short, `make torture` at full size."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from dataclasses import dataclass, field
from random import Random

import httpx

from tests.support.checker import Ledger, SubscriberLog, judge
from tests.support.crowds import (
    following,
    has_acknowledged,
    has_read,
    publish_until,
    stored_log,
    subscriber_of,
    subscribers_of,
)
from tests.support.ports import own_port
from tests.support.publishers import Publisher, batches, counted
from tests.support.servers import start_server
from tests.support.subscribers import (
    Subscriber,
    decode,
    never,
    open_client,
    poll,
    read_stored,
)


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
    plain = {
        "Accept-Encoding": "identity"
    }  # compressed, all of it would fit into the buffers between server and reader
    async with client.stream("GET", url, params={"from": "earliest"}, headers=plain) as response:
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
