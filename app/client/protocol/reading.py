"""The state of a subscription, which may need several connections. This module does no I/O.

Rule: every decision about a subscription is made here: what to request, what a frame (one event of the event stream) means, what to
deliver, when the subscription has ended, and how long to wait. Two loops do the I/O: one in `order_stream`, for threads, and one in
`async_order_stream`, each over one of the transports in `transports/`. A loop enters the context `following`, and repeats these steps
until `ended` is true:

1. Send the `next_request`, and pass the response to `opened` (or call `connected`, if the transport has no response).
2. While `expects_frames` is true, read a frame and pass it to `receive`.
3. Pass the reason why the connection ended to `disconnected`, and sleep for `wait_seconds`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, Generic, TypeVar

from ..errors import Problem, RequestRefused, UnexpectedAnswer
from ..event_types import EVENT_CLASSES
from ..events import Checkpoint, Deprecation, Gap, OrderEvent
from .deprecations import deprecation
from .frame import Frame
from .recent import RecentIds
from .retries import TRANSIENT_STATUSES, Retries, TransientError, transient_error
from .server_response import ServerResponse, bounded_wait, read_problem
from .stream_options import StreamItem, StreamQuery, StreamRequest, can_be_id

_FIRST_RETRY_SECONDS: Final = 1.0  # until the server sends its `retry` time
_LEAST_BACKOFF_SECONDS: Final = 0.1  # if the server sent a `retry` time of 0 and then stopped
_LONGEST_BACKOFF_SECONDS: Final = 30.0
_FINAL_REASONS: Final = frozenset({"limit", "end"})  # after any other reason, the client reconnects
_MEDIA_TYPE: Final = "text/event-stream"
_SHOWN_CHARACTERS: Final = 64  # of an invalid id; the contract allows ids of at most 64 characters
_UNNAMED: Final = "message"  # the type that the SSE standard gives to an event without a type

_Value = TypeVar("_Value")


class Reading(Generic[_Value]):
    """The state of one subscription.

    `query`: the events to request.
    `deliver`: called with each item of the stream; returns the value to yield, or None to skip the item; may raise an exception.
    `retry_max_seconds`: how long to try again while nothing can be read; None: without a limit.
    `report`: called with a sentence when an attempt fails, and when the server tells something new that is deprecated; not called for
        further failures until an attempt succeeds.
    `clock`: returns the current time in seconds.

    The attribute `last_event_id` is the id of the last delivered item, after which a stream can be resumed. `deprecations` has what the
    server has told to be deprecated.
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
        self.deprecations: tuple[Deprecation, ...] = ()
        self._query = query
        self._report = report
        self._deliver = deliver
        self._remaining = query.limit
        self._retries = Retries(retry_max_seconds, _LONGEST_BACKOFF_SECONDS, report, clock)
        self._retry_seconds = _FIRST_RETRY_SECONDS
        self._delivered = RecentIds()
        self._after_gap: str | None = None  # the id after a gap that was raised as EventsLost and is not accepted yet
        self._requested_after = query.after
        self._has_progressed = False  # whether an item with an id came on this connection
        self._failure = TransientError("Nothing was requested yet.")  # why the last connection ended

    @contextmanager
    def following(self) -> Iterator[None]:
        """Set `active` while the context is open. Entering the context again after EventsLost accepts the loss of events."""
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
        """Handle a response. Raises TransientError if the request may succeed later, RequestRefused or UnexpectedAnswer if it cannot."""
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
            raise UnexpectedAnswer(
                f"The answer is not an event stream, but {response.media_type or 'of no known type'}."
            )
        self.expects_frames = True

    def connected(self) -> None:
        """Handle a connection on which frames follow, without a response of its own."""
        self.expects_frames = True

    def receive(self, frame: Frame) -> _Value | None:
        """Handle a frame (one event of the stream). Return the value to yield, or None. Raises UnexpectedAnswer and errors of `deliver`."""
        if not can_be_id(frame.id):
            raise UnexpectedAnswer(f"{frame.id[:_SHOWN_CHARACTERS]!r} cannot be the id of an event.")
        if frame.retry_ms is not None and frame.retry_ms >= 0:
            self._retry_seconds = bounded_wait(frame.retry_ms / 1000)
        match frame.event:
            case "stream.closing":
                self._close(str((frame.data or {}).get("reason")))
            case "stream.deprecation":
                self._tell(frame.data or {})
            case "stream.gap":
                return self._gap(frame)
            case name if name != _UNNAMED and not name.startswith("stream."):
                return self._event(frame)
            case _:  # a checkpoint, or a control event of a newer server: its id is a position, too
                return self._checkpoint(frame)
        return None

    def disconnected(self, failure: TransientError) -> None:
        """Record that the connection has ended, and the reason."""
        self._failure = failure
        self.expects_frames = False

    def wait_seconds(self) -> float:
        """Return the wait before the next request; 0 if the subscription has ended. Raises Unavailable after `retry_max_seconds`."""
        if self.ended:
            return 0.0
        if self._has_progressed:
            # The server has randomised its `retry` time: https://html.spec.whatwg.org/multipage/server-sent-events.html
            self._retries.reset()
            self._retries.check(self._failure, self._retry_seconds)
            return self._retry_seconds
        first_seconds = max(self._retry_seconds, _LEAST_BACKOFF_SECONDS)
        return self._retries.wait_seconds(self._failure, first_seconds, self._retry_seconds)

    def _close(self, reason: str) -> None:
        self.ended = reason in _FINAL_REASONS
        self.expects_frames = False
        if reason == "unavailable" and self.last_event_id == self._requested_after:
            self._has_progressed = False  # its only item was a checkpoint at the requested position

    def _tell(self, data: Mapping[str, Any]) -> None:
        told = deprecation(data)
        if told is not None and told not in self.deprecations:
            self.deprecations = (*self.deprecations, told)
            self._report(str(told))

    def _event(self, frame: Frame) -> _Value | None:
        if not frame.id:
            raise UnexpectedAnswer(f"An event of the type {frame.event!r} has no id.")
        if frame.data is None:
            raise UnexpectedAnswer(f"The data of the event {frame.id!r} is not a JSON object.")
        is_new = self._delivered.add(frame.id)
        self._move(frame.id)
        if not is_new:
            return None
        if self._remaining is not None:
            self._remaining -= 1
            self.ended = self._remaining == 0
            self.expects_frames = not self.ended
        make = EVENT_CLASSES.get(frame.event, OrderEvent)
        return self._deliver(make(id=frame.id, event_type=frame.event, data=frame.data))

    def _gap(self, frame: Frame) -> _Value | None:
        data = frame.data or {}
        gap = Gap(frame.id, *(str(data.get(name, "unknown")) for name in ("reason", "requested", "earliest")))
        # Forget the delivered ids: if the log was replaced, a new event may have the id of one that was delivered before.
        self._delivered.clear()
        self._after_gap = frame.id
        value = self._deliver(gap)
        self._move(frame.id)
        return value

    def _checkpoint(self, frame: Frame) -> _Value | None:
        # The first checkpoint of a connection is mostly at the position at which the last connection ended.
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
