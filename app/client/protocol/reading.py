"""The state of a subscription across its connections. No I/O is done here.

Rule: every decision about a subscription is made here: what to ask for, what a frame means, what to deliver, when the subscription
has ended, and how long to wait. The two loops that do the I/O, one for threads and one for asyncio, are inside `following` until
`ended` is true. For each connection they send the `next_request`, pass the response to `opened` and each frame to `receive` while
`expects_frames` is true; they pass the reason for the end of the connection to `disconnected`, and sleep for `wait_seconds`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, Generic, TypeVar

from httpx_sse import ServerSentEvent

from ..errors import Problem, RequestRefused, UnexpectedAnswer
from ..event_types import EVENT_CLASSES
from ..events import Checkpoint, Gap, OrderEvent
from .recent import RecentIds
from .retries import TRANSIENT_STATUSES, Retries, TransientError, transient_error
from .server_response import ServerResponse, bounded_wait, json_object, read_problem
from .stream_options import StreamItem, StreamQuery, StreamRequest, can_be_id

_FIRST_RETRY_SECONDS: Final = 1.0  # until the server says how long to wait
_LEAST_BACKOFF_SECONDS: Final = 0.1  # for a server that asks for no wait at all, and is then gone
_LONGEST_BACKOFF_SECONDS: Final = 30.0
_FINAL_REASONS: Final = frozenset({"limit", "end"})  # after any other reason, a future one too, the client returns
_MEDIA_TYPE: Final = "text/event-stream"
_SHOWN_CHARACTERS: Final = 64  # of an id; the contract allows no longer one
_UNNAMED: Final = "message"  # the name that the standard gives to an event without one; this contract has no such event

_Value = TypeVar("_Value")


class Reading(Generic[_Value]):
    """The state of one subscription.

    `query`: the events to ask for.
    `deliver`: called with each item of the stream; returns the value to yield, or None to skip it; may raise.
    `retry_max_seconds`: how long to try while nothing can be read; None: without a limit.
    `report`: called with a sentence when the first attempt in a row fails.
    `clock`: returns the time in seconds.

    `last_event_id` is the position to resume after, once everything that was delivered has been handled.
    """

    def __init__(
        self,
        query: StreamQuery,
        deliver: Callable[[StreamItem], _Value | None],
        *,
        retry_max_seconds: float | None,
        report: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.last_event_id = query.after
        self.ended = False
        self.active = False
        self.expects_frames = False
        self._query = query
        self._deliver = deliver
        self._remaining = query.limit
        self._retries = Retries(retry_max_seconds, _LONGEST_BACKOFF_SECONDS, report, clock)
        self._retry_seconds = _FIRST_RETRY_SECONDS
        self._delivered = RecentIds()
        self._after_gap: str | None = None  # the id of a gap that the caller got as an exception
        self._requested_after = query.after
        self._has_progressed = False  # whether this connection brought a position to resume after
        self._failure = TransientError("Nothing was requested yet.")  # why the last connection ended

    @contextmanager
    def following(self) -> Iterator[None]:
        """Be `active`. Entering it again after EventsLost accepts the loss."""
        self._retries.reset()
        if self._after_gap is not None:
            self.last_event_id = self._after_gap
        self.active = True
        try:
            yield
        finally:
            self.active = False

    def next_request(self) -> StreamRequest:
        """Return the next request to send."""
        self._requested_after = self.last_event_id
        self._has_progressed = False
        self.expects_frames = False
        return self._query.request(self.last_event_id, self._remaining)

    def opened(self, response: ServerResponse) -> None:
        """Read a response. Raises TransientError if the request may succeed later, RequestRefused or UnexpectedAnswer if not."""
        if response.status_code in TRANSIENT_STATUSES:
            raise transient_error(response)
        if response.status_code == 204 and not self._query.follow:
            self.ended = True
            return
        if response.status_code == 204:
            raise RequestRefused(_nothing_to_follow(response))
        if response.status_code != 200:
            raise RequestRefused(read_problem(response))
        if response.media_type != _MEDIA_TYPE:
            raise UnexpectedAnswer(f"The answer is no event stream, but {response.media_type or 'of no known type'}.")
        self.expects_frames = True

    def receive(self, frame: ServerSentEvent) -> _Value | None:
        """Read a frame. Return the value to deliver, if any. Raises UnexpectedAnswer, and what `deliver` raises."""
        if not can_be_id(frame.id):
            raise UnexpectedAnswer(f"{frame.id[:_SHOWN_CHARACTERS]!r} cannot be the id of an event.")
        if frame.retry is not None and frame.retry >= 0:
            self._retry_seconds = bounded_wait(frame.retry / 1000)
        match frame.event:
            case "stream.closing":
                self._close(str((json_object(frame.data) or {}).get("reason")))
            case "stream.gap":
                return self._gap(frame)
            case name if name != _UNNAMED and not name.startswith("stream."):
                return self._event(frame)
            case _:  # a checkpoint, or a control event of the future: its id is a position too
                return self._checkpoint(frame)
        return None

    def disconnected(self, failure: TransientError) -> None:
        """Note that a connection has ended, and why."""
        self._failure = failure
        self.expects_frames = False

    def wait_seconds(self) -> float:
        """Return how long to wait before the next request; 0 after the end. Raises Unavailable if that would be too late."""
        if self.ended:
            return 0.0
        if self._has_progressed:
            # The server has jittered the time that it asks for: https://html.spec.whatwg.org/multipage/server-sent-events.html
            self._retries.reset()
            self._retries.check(self._failure, self._retry_seconds)
            return self._retry_seconds
        first_seconds = max(self._retry_seconds, _LEAST_BACKOFF_SECONDS)
        return self._retries.wait_seconds(self._failure, first_seconds, self._retry_seconds)

    def _close(self, reason: str) -> None:
        self.ended = reason in _FINAL_REASONS
        self.expects_frames = False
        if reason == "unavailable" and self.last_event_id == self._requested_after:
            self._has_progressed = False  # its only checkpoint was the position that this client had already

    def _event(self, frame: ServerSentEvent) -> _Value | None:
        if not frame.id:
            raise UnexpectedAnswer(f"An event of the type {frame.event!r} has no id.")
        data = json_object(frame.data)
        if data is None:
            raise UnexpectedAnswer(f"The data of the event {frame.id!r} is no JSON object.")
        is_new = self._delivered.add(frame.id)
        self._move(frame.id)
        if not is_new:
            return None
        if self._remaining is not None:
            self._remaining -= 1
            self.ended = self._remaining == 0
            self.expects_frames = not self.ended
        make = EVENT_CLASSES.get(frame.event, OrderEvent)
        return self._deliver(make(id=frame.id, event_type=frame.event, data=data))

    def _gap(self, frame: ServerSentEvent) -> _Value | None:
        data = json_object(frame.data) or {}
        gap = Gap(frame.id, *(str(data.get(name, "unknown")) for name in ("reason", "requested", "earliest")))
        # Events of another history may have ids that were delivered before, and a caller that begins anew needs them.
        self._delivered.clear()
        self._after_gap = frame.id
        value = self._deliver(gap)
        self._move(frame.id)
        return value

    def _checkpoint(self, frame: ServerSentEvent) -> _Value | None:
        # Each connection begins with one, mostly at the position where the last connection ended.
        has_moved = bool(frame.id) and frame.id != self.last_event_id
        self._move(frame.id)
        return self._deliver(Checkpoint(frame.id)) if has_moved else None

    def _move(self, frame_id: str) -> None:
        if frame_id:
            self.last_event_id = frame_id
            self._after_gap = None
            self._has_progressed = True


def _nothing_to_follow(response: ServerResponse) -> Problem:
    detail = "The server answered 204: there is no stream to follow."
    return Problem("about:blank", response.reason_phrase, 204, detail, {})
