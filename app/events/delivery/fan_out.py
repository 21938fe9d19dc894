"""One event to many readers: every open subscription of one process, and the one place from which each is moved on.

    commit ─→ Audience ─→ Standing: a round of a Group, one page for all who stand there ─→ Sink
    behind ─→ next_step (the tail) or read_step (the store) ─→ Sink, until it stands at the head

There is no task, timer or queue per subscription. A turn of the event loop moves on a bounded number of them; what is stored
meanwhile waits for the next round, so the busier the process, the more events share a write. One clock gives signs of life.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, deque

from app.events.delivery.heartbeats import Heartbeats
from app.events.delivery.live_readers import LiveReaders
from app.events.delivery.stream_item import Closing, NextItem, StreamItem, StreamStart
from app.events.delivery.subscription import NOWHERE, Sink, Subscription
from app.events.log.event_log import EventLog
from app.events.log.event_store import Page
from app.events.position import Gap

SENDS_PER_TURN = 256  # a millisecond or two; then requests, commits and those who read from the store have theirs
BEATS_PER_TURN = 64
STEPS_PER_TURN = 8  # of those who are behind: a page each, so that a crowd that replays does not hold up the live ones
STORE_READS = 4  # under way at once: what they bring is sent before others are asked for

_log = logging.getLogger(__name__)


class FanOut:
    """Hold the open subscriptions of a log and send each what is next; `run` beats for those silent for `heartbeat_seconds`."""

    def __init__(self, log: EventLog, heartbeat_seconds: float) -> None:
        self._log = log
        self._open: set[Subscription] = set()
        self._standing = LiveReaders(log.audience, self._call_turn, self._move_later)
        self._heartbeats = Heartbeats(heartbeat_seconds, self._open, self._standing, self._call_turn)
        self._behind: deque[Subscription] = deque()
        self._reading: set[asyncio.Task[None]] = set()
        self._store_reads = asyncio.Semaphore(STORE_READS)
        self._turn_is_due = False
        self._none_open = asyncio.Event()
        self._none_open.set()
        self.delivered = 0
        self.gaps: Counter[str] = Counter()
        self.closings: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._open)

    def open(self, subscription: Subscription, sink: Sink) -> None:
        """Begin to send: the opening at once, then whatever comes, until a `Closing` or `leave`."""
        self._open.add(subscription)
        self._none_open.clear()
        subscription.sink = sink
        self._send(subscription, StreamStart(subscription.opening))
        self._move(subscription)

    def resume(self, subscription: Subscription) -> None:
        """Go on after a sink that returned False; it takes more now."""
        if not subscription.is_ready:
            subscription.is_ready = True
            self._move_later(subscription)

    def leave(self, subscription: Subscription) -> None:
        """Send no more: the reader has gone. It may be gone already."""
        self._open.discard(subscription)
        subscription.sink = NOWHERE
        if subscription.is_standing:
            self._standing.leave(subscription)
        if not self._open:
            self._none_open.set()

    def drain(self) -> None:
        """Send every subscription its `Closing`, now and from now on."""
        self._log.drain()
        for subscription in self._open:
            self._move_later(subscription)

    async def ended(self) -> None:
        """Wait until no subscription is open."""
        await self._none_open.wait()

    def lag_events(self) -> int:
        """How many offsets the slowest subscription is behind the head."""
        return max((subscription.lag_events for subscription in self._open), default=0)

    async def run(self) -> None:
        """Beat until cancelled."""
        await self._heartbeats.run()

    def _call_turn(self) -> None:
        if not self._turn_is_due:
            self._turn_is_due = True
            asyncio.get_running_loop().call_soon(self._turn)

    def _turn(self) -> None:
        self._turn_is_due = False
        self.delivered += self._standing.go_rounds(SENDS_PER_TURN, _now())
        for subscription in self._heartbeats.take(BEATS_PER_TURN):
            self._beat(subscription)
        for _ in range(min(STEPS_PER_TURN, len(self._behind))):
            subscription = self._behind.popleft()
            subscription.is_moving = False
            self._move(subscription)
        if self._standing.is_due or self._heartbeats.are_due or self._behind:
            self._call_turn()

    def _move_later(self, subscription: Subscription) -> None:
        if not subscription.is_moving:
            subscription.is_moving = True
            self._behind.append(subscription)
            self._call_turn()

    def _move(self, subscription: Subscription) -> None:
        if subscription not in self._open or not subscription.is_ready:
            return
        step = subscription.next_step()
        if step is not None:
            self._send(subscription, step)
            self._move_later(subscription)
        elif subscription.may_stand:
            self._standing.join(subscription)
        elif subscription.is_within_tail:
            self._move_later(subscription)
        else:
            self._read_later(subscription)

    def _read_later(self, subscription: Subscription) -> None:
        subscription.is_moving = True
        task = asyncio.create_task(self._read(subscription))
        self._reading.add(task)
        task.add_done_callback(self._reading.discard)

    async def _read(self, subscription: Subscription) -> None:
        async with self._store_reads:
            # Who has left while it waited costs no read: tabs that give up and come again would queue behind themselves.
            step = await self._step_of_store(subscription) if subscription in self._open else None
            if step is not None and subscription in self._open:
                self._send(subscription, step)
        subscription.is_moving = False
        self._move(subscription)

    async def _step_of_store(self, subscription: Subscription) -> NextItem | None:
        try:
            return await subscription.read_step()
        except Exception:  # noqa: BLE001  # whatever it was: a stream that nobody moves on would be silent for ever
            _log.exception("A stream cannot go on.")
            return Closing("unavailable")

    def _beat(self, subscription: Subscription) -> None:
        if subscription.is_standing and self._standing.inform(subscription):
            self._send(subscription, subscription.sign_of_life())

    def _send(self, subscription: Subscription, step: StreamItem) -> None:
        subscription.stepped_at = _now()
        subscription.heartbeat_due = False
        self._count(step)
        subscription.is_ready = subscription.sink.send(step)
        if isinstance(step, Closing):
            self.leave(subscription)
        elif not subscription.is_ready and subscription.is_standing:
            self._standing.leave(subscription)

    def _count(self, step: StreamItem) -> None:
        match step:
            case Page(events=events):
                self.delivered += len(events)
            case Gap(reason=reason) | StreamStart(Gap(reason=reason)):
                self.gaps[reason] += 1
            case Closing(reason):
                self.closings[reason] += 1


def _now() -> float:
    return asyncio.get_running_loop().time()
