"""One event to many readers: all open subscriptions of one process, and the one place that decides when each is sent its next item.

    commit ─→ FilterIndex ─→ LiveReaders: a round of a FilterGroup, one page for all its subscriptions ─→ Sink
    behind ─→ memory, a few subscriptions a turn, or StoreReads ─→ Sink, until the reader has caught up and is live

There is no task, timer or queue per subscription. A turn of the event loop moves on a bounded number of them; events that are
stored meanwhile wait for the next round, so the busier the process, the more events share a write. One clock gives signs of life.
"""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict

from app.events.delivery.heartbeats import Heartbeats
from app.events.delivery.live_readers import LiveReaders
from app.events.delivery.sink import Sink
from app.events.delivery.store_reads import StoreReads
from app.events.delivery.stream_item import Closing, NextItem, StreamItem, StreamStart
from app.events.delivery.subscription import Subscription
from app.events.delivery.subscription_state import State
from app.events.log.event_log import EventLog
from app.events.log.event_store import Page
from app.events.position import Gap

SENDS_PER_TURN = 256  # a millisecond or two; then requests, commits and reads of the store have theirs
HEARTBEATS_PER_TURN = 64
STEPS_PER_TURN = (
    8  # of readers that are behind: a page each, so that a crowd that replays does not hold up the live ones
)


class FanOut:
    """The open subscriptions of a log. It sends each its items, and, while `run` runs, a heartbeat before a silence gets too long.

    `delivered` counts order events, once per reader; `gaps` and `closings` count by reason.
    """

    def __init__(self, log: EventLog, heartbeat_seconds: float) -> None:
        self._log = log
        self._open: dict[Subscription, None] = {}
        self._live = LiveReaders(log, self._call_turn, self._enqueue)
        self._store_reads = StoreReads(self._on_read)
        self._heartbeats = Heartbeats(heartbeat_seconds, self._open.keys(), self._live.last_sent_at, self._call_turn)
        self._scheduled: OrderedDict[Subscription, None] = OrderedDict()
        self._turn_is_due = False
        self._none_open = asyncio.Event()
        self._none_open.set()
        self.delivered = 0
        self.gaps: Counter[str] = Counter()
        self.closings: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._open)

    def open(self, subscription: Subscription, sink: Sink) -> None:
        """Send the opening of a new subscription at once, then each next item, until a `Closing` or `leave`."""
        subscription.open(sink)
        self._open[subscription] = None
        self._none_open.clear()
        if self._send(subscription, StreamStart(subscription.opening)):
            self._advance(subscription)

    def refuse(self, closing: Closing) -> StreamStart:
        """Count a stream that cannot be opened; return the only item that its reader is sent."""
        start = StreamStart(closing)
        self._count(start)
        return start

    def resume(self, subscription: Subscription) -> None:
        """Go on with a subscription whose sink returned False, because the sink takes more now."""
        if subscription.state is State.BLOCKED:
            subscription.schedule()
            self._enqueue(subscription)

    def leave(self, subscription: Subscription) -> None:
        """Close a subscription whose reader has gone, without sending anything. It may be closed already."""
        if subscription.state is not State.CLOSED:
            state = subscription.state
            subscription.close()
            self._take_out(subscription, state)

    def drain(self) -> None:
        """Send a `Closing` to every subscription, and at once to every one that is opened later. A sink that is full gets it when it is resumed."""
        self._log.drain()
        for subscription in self._open:
            self._hasten(subscription)

    async def ended(self) -> None:
        """Wait until no subscription is open."""
        await self._none_open.wait()

    def lag_events(self) -> int:
        """Return how many offsets the slowest subscription is behind the head."""
        return max((subscription.lag_events for subscription in self._open), default=0)

    async def run(self) -> None:
        """Send heartbeats to silent streams until cancelled."""
        await self._heartbeats.run()

    def _call_turn(self) -> None:
        if not self._turn_is_due:
            self._turn_is_due = True
            asyncio.get_running_loop().call_soon(self._turn)

    def _turn(self) -> None:
        self._turn_is_due = False
        self.delivered += self._live.send_rounds(SENDS_PER_TURN, _now())
        for subscription in self._heartbeats.take(HEARTBEATS_PER_TURN):
            self._heartbeat(subscription)
        for _ in range(min(STEPS_PER_TURN, len(self._scheduled))):
            subscription, _ = self._scheduled.popitem(last=False)
            self._advance(subscription)
        if self._live.is_due or self._heartbeats.are_due or self._scheduled:
            self._call_turn()

    def _enqueue(self, subscription: Subscription) -> None:
        self._scheduled[subscription] = None
        self._call_turn()

    def _advance(self, subscription: Subscription) -> None:
        """Send the next item of a scheduled subscription. If there is none yet, put the subscription into the queue or group in which it waits."""
        item = subscription.next_item()
        if item is not None:
            if self._send(subscription, item):
                self._enqueue(subscription)
        elif subscription.is_caught_up:
            self._live.join(subscription)
        elif subscription.is_in_memory:
            self._enqueue(subscription)
        else:
            self._store_reads.request(subscription)

    def _on_read(self, subscription: Subscription, item: NextItem | None) -> None:
        if subscription.state is State.CLOSED:
            return
        subscription.schedule()
        if item is None or self._send(subscription, item):
            self._advance(subscription)

    def _heartbeat(self, subscription: Subscription) -> None:
        state = subscription.state
        if state in (State.SCHEDULED, State.QUEUED) or (state is State.LIVE and self._live.sync(subscription)):
            self._send(subscription, subscription.sign_of_life())

    def _hasten(self, subscription: Subscription) -> None:
        """Schedule a waiting subscription, so that it is sent its `Closing`. One that is being read for, or whose sink is full, is left alone."""
        state = subscription.state
        if state in (State.LIVE, State.QUEUED):
            subscription.schedule()
            self._take_out(subscription, state)
            self._enqueue(subscription)

    def _send(self, subscription: Subscription, item: StreamItem) -> bool:
        """Send an item; return False if nothing more can be sent to the subscription for now."""
        state = subscription.state
        self._count(item)
        if subscription.send(item, _now()):
            return True
        self._take_out(subscription, state)
        return False

    def _take_out(self, subscription: Subscription, state: State) -> None:
        """Remove a subscription from the queue or group of a state that it has left."""
        match state:
            case State.SCHEDULED:
                self._scheduled.pop(subscription, None)
            case State.QUEUED:
                self._store_reads.withdraw(subscription)
            case State.LIVE:
                self._live.leave(subscription)
            case _:
                pass
        if subscription.state is State.CLOSED:
            self._open.pop(subscription, None)
            if not self._open:
                self._none_open.set()

    def _count(self, item: StreamItem) -> None:
        match item:
            case Page(events=events):
                self.delivered += len(events)
            case Gap(reason=reason) | StreamStart(Gap(reason=reason)):
                self.gaps[reason] += 1
            case Closing(reason) | StreamStart(Closing(reason)):
                self.closings[reason] += 1


def _now() -> float:
    return asyncio.get_running_loop().time()
