"""Runs in which readers stop reading; the suite makes them in short, `make torture` at full size."""

from __future__ import annotations

import asyncio
import json
from contextlib import ExitStack
from dataclasses import dataclass
from random import Random

from tests.support.checker import Ledger, Mark, SubscriberLog, judge
from tests.support.crowds import (
    following,
    has_seen,
    newest_log,
    publish_in_batches,
    stored_log,
    subscriber_of,
)
from tests.support.publishers import Publisher, as_event, counted
from tests.support.servers import resident_bytes, start_server
from tests.support.subscribers import (
    Subscriber,
    open_client,
)


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
