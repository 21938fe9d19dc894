"""Logs in JetStream for tests: each in a stream of its own, so that the tests of a file share one server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import count

from app.events.event import Event, StoredEvent
from app.stores.jetstream.jetstream_log import JetStreamLog
from app.stores.jetstream.servers.nats_servers import NatsServers
from app.stores.jetstream.stream.make_stream import make_stream
from app.stores.jetstream.stream.stream_settings import Retention

UNLIMITED = Retention()
_numbers = count(1)


def order_event(name: str, *, owner: str = "", note: str = "") -> Event:
    data = f'{{"orderId":"or_{name}","when":"2024-05-01T10:00:00Z","carrier":"{note}"}}'
    return Event("order.shipped", "1.2.0", name, f"or_{name}", data, owner=owner)


def order_events(prefix: str, number: int) -> list[Event]:
    return [order_event(f"{prefix}{index}") for index in range(number)]


async def new_stream(url: str, retention: Retention = UNLIMITED) -> str:
    """Make a stream on one server, and return its name."""
    stream = f"TEST{next(_numbers)}"
    assert await make_stream(NatsServers((url,)), stream, retention, replicas=1) == []
    return stream


def log_on(url: str, stream: str, seconds: float = 5) -> JetStreamLog:
    return JetStreamLog(NatsServers((url,)), stream, accept_single=True, accept_unsynced=True, seconds=seconds)


@asynccontextmanager
async def opened_log(url: str, stream: str | None = None, seconds: float = 5) -> AsyncIterator[JetStreamLog]:
    """Open a log, in a new stream if none is given."""
    log = log_on(url, stream or await new_stream(url), seconds)
    await log.open()
    try:
        yield log
    finally:
        await log.close()


async def newest_epoch(log: JetStreamLog) -> str:
    return (await log.state()).epochs.open.name


async def followed(log: JetStreamLog, number: int, after: int = 0) -> Sequence[StoredEvent]:
    """Return the next events after an offset, once as many are stored."""
    events: list[StoredEvent] = []
    async for batch in log.follow(after):
        events.extend(batch)
        if len(events) >= number:
            break
    return events
