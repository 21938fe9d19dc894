"""The fan-out of events: all open subscriptions of one process, and the code that decides when each subscription is sent its
next item.

    commit ─→ FilterIndex ─→ LiveReaders: FilterGroup sends one page to all its subscriptions ─→ Sink
    reader behind ─→ BehindReaders: memory, a few subscriptions per turn, or StoreReads ─→ Sink, until it has caught up

No subscription has a task, timer or queue of its own. A turn (one callback on the event loop) sends items to a limited number
of subscriptions. Events that are stored meanwhile are sent together in a later turn. So the busier the process is, the more
events share a write. One clock finds all subscriptions that need a heartbeat.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from app.events.delivery.readers.behind_readers import BehindReaders
from app.events.delivery.readers.filter_group import FilterGroup, MakeGroup
from app.events.delivery.readers.live_readers import LiveReaders
from app.events.delivery.sent_items import SentItems
from app.events.delivery.sink import Sink
from app.events.delivery.stream_item import Closing, StreamItem, StreamStart
from app.events.delivery.subscription import Lease, Subscription
from app.events.delivery.subscription_state import State
from app.events.delivery.timing.endings import Endings
from app.events.delivery.timing.heartbeats import Heartbeats
from app.events.histogram import Histogram
from app.events.log.event_log import EventLog

SENDS_PER_TURN = 256  # a millisecond or two; then requests, commits and reads of the store have theirs
HEARTBEATS_PER_TURN = 64
STEPS_PER_TURN = 8  # of readers that are behind: a page each, so that a crowd that replays holds up no live reader
# A reader in one of these states reads the log alone, and its sink accepts items.
_ALONE = (State.SCHEDULED, State.QUEUED, State.READING)
_BLOCKED = (State.BLOCKED, State.READING_BLOCKED)


def _do_nothing() -> None:
    """Stand for the function to call when a subscription is closed, if there is none."""


def _is_any(_lease: Lease) -> bool:
    """Stand for the function that says whether a lease is valid, if none was taken back."""
    return True


class FanOut:
    """The open subscriptions of a log. This object sends items to each subscription, and sends heartbeats while `run` runs.

    `heartbeat_seconds`: a subscription is sent a heartbeat before it has been sent nothing for this time. `max_age_seconds`: the
    greatest age of a stream, None means no limit. `make_group`: makes a group of live readers. `sent` counts what was sent.
    """

    def __init__(
        self,
        log: EventLog,
        heartbeat_seconds: float,
        max_age_seconds: float | None = None,
        make_group: MakeGroup = FilterGroup,
    ) -> None:
        self._log = log
        self._open: dict[Subscription, Callable[[], object]] = {}  # with what is to be called once it is closed
        self._behind = BehindReaders(self._send, self._call_turn, self._go_live)
        self._live = LiveReaders(log, self._call_turn, self._behind.schedule, make_group)
        self._heartbeats = Heartbeats(heartbeat_seconds, self._silent_since, self._call_turn)
        self._endings = Endings(max_age_seconds, self.end)
        self._is_valid: Callable[[Lease], bool] = _is_any
        self._turn_is_due = False
        self._none_open = asyncio.Event()
        self._none_open.set()
        self.sent = SentItems()
        log.call_when_replaced(self._end_all)

    def __len__(self) -> int:
        return len(self._open)

    def open(self, subscription: Subscription, sink: Sink, on_closed: Callable[[], object] = _do_nothing) -> None:
        """Open a new subscription: send its first item at once, and all later items until a `Closing` was sent or `leave` is
        called.

        `sink`: where the items are sent. `on_closed`: called once, when the subscription is closed.
        """
        start = subscription.open(sink)
        self._open[subscription] = on_closed
        self._none_open.clear()
        self._endings.begin(subscription)
        # Its lease was examined before its start was looked up, which may have taken some time.
        self._revoke_invalid(subscription)
        if self._send(subscription, start):
            self._behind.advance(subscription)

    def refuse(self, closing: Closing) -> StreamStart:
        """Count a stream that cannot be opened. Returns the only item to send to the client, which contains `closing`."""
        start = StreamStart(closing)
        self.sent.count(start)
        return start

    def resume(self, subscription: Subscription) -> None:
        """Continue sending to a subscription whose sink had returned False (it was full), because the sink accepts more items
        now.
        """
        state = subscription.state
        if state is not State.BLOCKED and state is not State.READING_BLOCKED:
            return
        subscription.unblock()
        closing = self._endings.take_put_off(subscription)
        if closing is not None:
            self._send(subscription, closing)
        elif state is State.BLOCKED:
            self._behind.schedule(subscription)
        elif self._log.is_draining:
            self._hasten(subscription)

    def pause(self, subscription: Subscription) -> None:
        """Send nothing more to a waiting subscription until `resume` is called, because its connection is full.

        This is for connections that several subscriptions share: the sink that fills the connection blocks its own subscription
        only. A subscription that is live, or for which the store is being read, is not changed: it is sent one more item, and
        then its sink is full too.
        """
        state = subscription.state
        if state in (State.SCHEDULED, State.QUEUED):
            subscription.block()
            self._take_out(subscription, state)

    def leave(self, subscription: Subscription) -> None:
        """Close a subscription whose client has disconnected; nothing more is sent. Nothing happens if the subscription is
        closed already.
        """
        if subscription.state is not State.CLOSED:
            state = subscription.state
            subscription.close()
            self._take_out(subscription, state)

    def end(self, subscription: Subscription, closing: Closing) -> None:
        """End a subscription: its last item is `closing`. If its sink is full, it is sent when `resume` is called for it. Nothing
        happens if the subscription is closed already.
        """
        if subscription.state in _BLOCKED:
            self._endings.put_off(subscription, closing)
        elif subscription.state is not State.CLOSED:
            self._send(subscription, closing)

    def revoke(self, is_valid: Callable[[Lease], bool]) -> None:
        """End the subscriptions whose readers may read no longer, although their time is not over.

        `is_valid`: returns whether a reader with this lease may go on. It is asked about subscriptions that are opened later, too.
        """
        self._is_valid = is_valid
        for subscription in self._open:
            self._revoke_invalid(subscription)

    def _revoke_invalid(self, subscription: Subscription) -> None:
        if subscription.lease is not None and not self._is_valid(subscription.lease):
            self._endings.revoke(subscription)

    def drain(self) -> None:
        """End all streams, because the server is about to stop: send a `Closing` to every open subscription.

        A subscription that is opened later is sent a `Closing` at once. A subscription whose sink is full is sent the
        `Closing` when `resume` is called for it.
        """
        self._log.drain()
        for subscription in [*self._open]:
            self._hasten(subscription)

    async def ended(self) -> None:
        """Wait until no subscription is open."""
        await self._none_open.wait()

    def lag_events(self) -> int:
        """Return by how many offsets the slowest subscription is behind the newest event of the log; 0 if no subscription is
        open.
        """
        return max((subscription.lag_events for subscription in self._open), default=0)

    @property
    def behind(self) -> int:
        """The number of subscriptions that are behind: each reads the log alone, and can be sent more."""
        return len(self._behind)

    @property
    def delivery_ages(self) -> Histogram:
        """The age in seconds of the oldest event that the live readers were sent in a turn, at the end of the turn."""
        return self._live.delivery_ages

    @property
    def silence_seconds(self) -> float:
        """The time after which a client that was sent nothing is due a heartbeat."""
        return self._heartbeats.silence_seconds

    def call_each_tick(self, callback: Callable[[float], object]) -> None:
        """Call a function several times in each `heartbeat_seconds` while `run` runs, with the time of the event loop's clock.

        A transport looks there for its own connections that were silent for too long.
        """
        self._heartbeats.call_each_tick(callback)

    async def run(self) -> None:
        """Send heartbeats to subscriptions that have been sent nothing for some time, until the task is cancelled."""
        await self._heartbeats.run()

    def _end_all(self) -> None:
        # The last ids of these readers are of the log as it was: when they come back with them, they are sent a gap.
        for subscription in [*self._open]:
            self.end(subscription, Closing("unavailable"))

    def _call_turn(self) -> None:
        if not self._turn_is_due:
            self._turn_is_due = True
            asyncio.get_running_loop().call_soon(self._turn)

    def _turn(self) -> None:
        self._turn_is_due = False
        self.sent.count_live(self._live.send_rounds(SENDS_PER_TURN, _now()))
        for subscription in self._heartbeats.take(HEARTBEATS_PER_TURN):
            self._heartbeat(subscription)
        self._behind.take_steps(STEPS_PER_TURN)
        if self._live.is_due or self._heartbeats.are_due or self._behind.is_due:
            self._call_turn()

    def _go_live(self, subscription: Subscription) -> None:
        self._live.join(subscription)

    def _silent_since(self, moment: float) -> list[Subscription]:
        # Those in another state have a full sink, which takes no heartbeat either.
        return [*self._live.silent_since(moment), *self._behind.silent_since(moment)]

    def _heartbeat(self, subscription: Subscription) -> None:
        state = subscription.state
        if state in _ALONE or (state is State.LIVE and self._live.sync(subscription)):
            self._send(subscription, subscription.sign_of_life())

    def _hasten(self, subscription: Subscription) -> None:
        """Schedule a waiting subscription, so that it is sent its `Closing`. If the store is being read for it, send the
        `Closing` now, because a read of a slow disk takes long.

        A subscription whose sink is full is not changed: it will be sent its `Closing` once its sink is resumed.
        """
        match state := subscription.state:
            case State.LIVE | State.QUEUED:
                subscription.schedule()
                self._take_out(subscription, state)
                self._behind.schedule(subscription)
            case State.READING:
                self._send(subscription, Closing("drain"))
            case _:
                pass

    def _send(self, subscription: Subscription, item: StreamItem) -> bool:
        """Send an item to a subscription. Returns False if no further item can be sent for now (the sink is full, or the
        subscription is closed).
        """
        state = subscription.state
        self.sent.count(item)
        if subscription.send(item, _now()):
            return True
        self._take_out(subscription, state)
        return False

    def _take_out(self, subscription: Subscription, state: State) -> None:
        """Remove a subscription from the queue or group that belongs to `state`, the state that the subscription has left.

        If the subscription is closed now, it no longer counts as open.
        """
        match state:
            case State.SCHEDULED | State.QUEUED:
                self._behind.withdraw(subscription, state)
            case State.LIVE:
                self._live.leave(subscription)
            case _:
                pass
        if subscription.state is State.CLOSED:
            self._open.pop(subscription, _do_nothing)()
            self._endings.forget(subscription)
            if not self._open:
                self._none_open.set()


def _now() -> float:
    return asyncio.get_running_loop().time()
