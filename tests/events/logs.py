"""Logs, events and readers for the tests of the core."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import pytest

from app.events.delivery.fan_out import FanOut
from app.events.delivery.stream_item import Closing, StreamItem, StreamStart
from app.events.delivery.subscription import Subscription
from app.events.event import NO_OWNER, Event
from app.events.filter import EVERYTHING, Filter
from app.events.log.event_log import EventLog
from app.events.log.event_store import Page
from app.events.log.start import Start, StartRequest, locate_start
from app.stores.memory import MemoryStore

SHIPPED = Filter(event_types=frozenset({"order.shipped"}))
CANCELLED = Filter(event_types=frozenset({"order.cancelled"}))

T = TypeVar("T")


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine; it fails if it takes 120 seconds, or if a callback or a task of its loop fails unseen."""
    unseen: list[dict[str, Any]] = []
    with asyncio.Runner() as runner:
        runner.get_loop().set_exception_handler(lambda _loop, context: unseen.append(context))
        result = runner.run(asyncio.wait_for(work, 120))
    assert not unseen
    return result


def event(
    event_id: str, event_type: str = "order.shipped", order_id: str | None = None, owner: str = NO_OWNER
) -> Event:
    order_id = order_id or f"or_{event_id}"
    data = f'{{"orderId":"{order_id}","when":"2024-05-01T10:00:00Z"}}'
    return Event(event_type, "1.0.0", event_id, order_id, data, owner=owner)


async def open_log(*events: Event, retain_events: int = 100_000) -> EventLog:
    log = EventLog(MemoryStore(retain_events))
    await log.open()
    if events:
        await log.append(events)
    return log


async def start(log: EventLog, last_event_id: str | None = None) -> Start:
    """Start after an id, or at the earliest event."""
    return await locate_start(log, StartRequest(last_event_id, origin="earliest"), EVERYTHING)


def fan_out_of(log: EventLog) -> FanOut:
    """Return the one fan-out of a log."""
    if log not in _FAN_OUTS:
        _FAN_OUTS[log] = FanOut(log, heartbeat_seconds=15)
    return _FAN_OUTS[log]


_FAN_OUTS: WeakKeyDictionary[EventLog, FanOut] = WeakKeyDictionary()


class Reader:
    """A reader that takes one item each time `advance` is called; the sink of its own subscription."""

    def __init__(self, log: EventLog, subscription: Subscription) -> None:
        self.fan_out = fan_out_of(log)
        self.subscription = subscription
        self.start: StreamStart | None = None
        self._opened = False
        self._step: asyncio.Future[StreamItem] | None = None

    def send(self, step: StreamItem) -> bool:
        if isinstance(step, StreamStart):
            self.start = step
        else:
            assert self._step is not None
            self._step.set_result(step)
        return False

    async def advance(self) -> StreamItem:
        """Wait for the next item; if it is cancelled, it may be called again and goes on waiting."""
        if self._step is None:
            self._step = asyncio.get_running_loop().create_future()
            if not self._opened:
                self.fan_out.open(self.subscription, self)
            self._opened = True
            self.fan_out.resume(self.subscription)
        step = await asyncio.shield(self._step)
        self._step = None
        return step

    def be_silent(self) -> None:
        """Let the heartbeats treat the subscription as one that has been silent for too long."""
        self.fan_out._heartbeat(self.subscription)

    def leave(self) -> None:
        self.fan_out.leave(self.subscription)


def subscribe(
    log: EventLog, at: Start, filter: Filter = EVERYTHING, *, follow: bool = True, limit: int | None = None
) -> Reader:
    return Reader(log, Subscription(log, at, filter, follow=follow, limit=limit))


async def steps_to_the_end(reader: Reader) -> list[StreamItem]:
    steps: list[StreamItem] = []
    while not steps or not isinstance(steps[-1], Closing):
        steps.append(await reader.advance())
    return steps


def event_ids(steps: Sequence[StreamItem]) -> list[str]:
    return [stored.event_id for step in steps if isinstance(step, Page) for stored in step.events]


class VirtualTime(asyncio.SelectorEventLoop):
    """An event loop whose clock jumps to what is due next; a turn takes a microsecond. Hours pass in no time."""

    def __init__(self) -> None:
        self._now_seconds = 0.0
        super().__init__(_Jumping(self))

    def time(self) -> float:
        return self._now_seconds

    def jump(self, seconds: float) -> None:
        self._now_seconds += seconds


class _Jumping(selectors.DefaultSelector):
    def __init__(self, loop: VirtualTime) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise AssertionError("Everything waits, and nothing is due.")
        self._loop.jump(max(timeout, 1e-6))
        return super().select(0)


in_virtual_time = pytest.mark.parametrize(
    "anyio_backend", [("asyncio", {"loop_factory": VirtualTime})], ids=["in_virtual_time"]
)


def now_seconds() -> float:
    return asyncio.get_running_loop().time()


async def turns(count: int = 10) -> None:
    """Let every task run that can."""
    for _ in range(count):
        await asyncio.sleep(0)
