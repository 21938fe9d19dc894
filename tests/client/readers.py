"""Readers that write down for the checker what the client delivers, with threads and with asyncio."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from random import Random

import httpx

from app.client import AsyncOrdersClient, Gap, OrderEvent, OrdersClient, StreamOptions
from app.client.transports.choice import Transport
from tests.support.checker import Delivered, Entry, Mark, SubscriberLog
from tests.support.publishers import CANCELLED, LAST, SHIPPED
from tests.support.subscribers import PATIENCE_SECONDS

GIVING_UP_SECONDS = 120.0  # so that a thread ends after its test has failed


@dataclass(slots=True)
class Reader:
    """A consumer that reads until the last event, in streams of at most `most_events` each, and keeps its last id.

    It stops before the event of the number `pause_before` (from 1) until `resume` is set.
    """

    url: str
    log: SubscriberLog
    random: Random
    options: StreamOptions
    until: Mark
    blocking: bool
    silence_seconds: float = 60.0  # heartbeats come every second, but machines that run tests are busy
    most_events: int = 1_000_000
    transport: Transport = "sse"
    pause_before: int | None = None
    resume: asyncio.Event = field(default_factory=asyncio.Event)
    http: httpx.AsyncClient | None = None
    last_event_id: str | None = None
    events: int = 0
    streams: int = 0

    async def follow(self, threads: Executor) -> None:
        """Read to the end."""
        if self.blocking:
            await asyncio.get_running_loop().run_in_executor(threads, self._follow_blocking)
        else:
            await self._follow()

    def _follow_blocking(self) -> None:
        silence, transport = self.silence_seconds, self.transport
        with OrdersClient(self.url, silence_seconds=silence, transport=transport, report=_quietly) as orders:
            while not self._done():
                limit = self._new_limit()
                for value in (stream := orders.stream(gaps="yield", **self._options(limit))):
                    self._take(value, stream.last_event_id)
                    if self._done():
                        break

    async def _follow(self) -> None:
        silence = self.silence_seconds
        client = AsyncOrdersClient(
            self.url, http=self.http, silence_seconds=silence, transport=self.transport, report=_quietly
        )
        async with client as orders:
            while not self._done():
                async with orders.stream(gaps="yield", **self._options(self._new_limit())) as stream:
                    async for value in stream:
                        self._take(value, stream.last_event_id)
                        if self._done():
                            break
                        if self.events == self.pause_before:
                            await self.resume.wait()

    def _new_limit(self) -> int:
        self.streams += 1
        return self.random.randint(1, self.most_events)

    def _options(self, limit: int) -> StreamOptions:
        patience: StreamOptions = {"retry_max_seconds": GIVING_UP_SECONDS}
        return {**self.options, **patience, "after": self.last_event_id, "limit": limit}

    def _take(self, value: OrderEvent | Gap, last_event_id: str | None) -> None:
        assert value.id == last_event_id
        self.last_event_id = last_event_id
        take(self.log, value)
        self.events += isinstance(value, OrderEvent)

    def _done(self) -> bool:
        last = self.log.entries[-1] if self.log.entries else None
        return isinstance(last, Delivered) and last.mark == self.until


def take(log: SubscriberLog, value: OrderEvent | Gap) -> Entry | None:
    """Write down what a client delivered."""
    if isinstance(value, OrderEvent):
        return log.take(value.event_type, json.dumps(value.data), value.id)
    gap = asdict(value)
    return log.take(
        "stream.gap", json.dumps({name: gap[name] for name in ("reason", "requested", "earliest")}), value.id
    )


def readers_of(
    url: str,
    count: int,
    *,
    seed: int,
    most_events: int = 1_000_000,
    transports: Sequence[Transport] = ("sse",),
    grpc_url: str = "",
) -> list[Reader]:
    """Make readers that begin at the earliest event; every second one blocks a thread, every third reads one type only.

    `transports`: those of two readers each, in turn. `grpc_url`: the URL for the transport "grpc".
    """
    chosen = [transports[number // 2 % len(transports)] for number in range(count)]
    return [
        _reader(grpc_url if each == "grpc" else url, number, Random(f"{seed} {number}"), most_events, each)
        for number, each in enumerate(chosen)
    ]


def _reader(url: str, number: int, random: Random, most_events: int, transport: Transport) -> Reader:
    wanted = {1: SHIPPED, 2: CANCELLED}.get(number % 3)
    options: StreamOptions = {"from_": "earliest"}
    if wanted is not None:
        options["event_types"] = [wanted]
    log = SubscriberLog(f"r{number}", wants=lambda _mark, sent_as: wanted in (None, sent_as))
    last = LAST[CANCELLED if wanted == CANCELLED else SHIPPED]
    return Reader(
        url,
        log,
        random,
        options,
        last,
        blocking=number % 2 == 1,
        most_events=most_events,
        transport=transport,
    )


@asynccontextmanager
async def reading(readers: Sequence[Reader]) -> AsyncIterator[None]:
    """Run readers while the body runs; then wait until all have seen the last event.

    A reader that does not see it in time is not an error here: the checker reports what it missed.
    """
    threads = ThreadPoolExecutor(len(readers))  # of their own: asyncio has few, and other work waits for them
    tasks = [asyncio.create_task(reader.follow(threads)) for reader in readers]
    try:
        yield
        await asyncio.wait(tasks, timeout=PATIENCE_SECONDS)
    finally:
        for task in tasks:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        threads.shutdown(wait=False)
    for each in ended:
        if isinstance(each, Exception):
            raise each


def logs(readers: Iterable[Reader]) -> list[SubscriberLog]:
    return [reader.log for reader in readers]


def draws(random: Random, first: int, last: int) -> Callable[[], int]:
    """Return a function that draws another number each time."""
    return lambda: random.randint(first, last)


def _quietly(_text: str) -> None:
    """Report nothing: these tests cause the failures."""
