"""The life of a subscription across its connections, without any I/O.

Rule: everything that decides what to ask for, what a frame means, what is delivered, when it is over and how long to wait stands
here. Those who do the I/O, one for threads and one for asyncio, are within `following` until `ended`. For each connection they
`ask`, show the answer to `opened`, and each frame to `receive` while `reading_on`; they tell `lost` why the connection is over, and
sleep for `wait_seconds`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, Generic, NamedTuple, TypeVar

from httpx_sse import ServerSentEvent

from ..delivery import Told
from ..errors import RequestRefused, UnexpectedAnswer
from ..event_types import EVENT_CLASSES
from ..events import Checkpoint, Gap, OrderEvent
from ..json_object import json_object
from ..problem import Problem, read_problem
from .recent import RecentIds
from .retries import TRANSIENT_STATUSES, Retries, Trouble, transient
from .server_response import Answer, bounded_wait
from .stream_options import StreamRequest, can_be_id

_FIRST_RETRY_SECONDS: Final = 1.0  # until the server says how long to wait
_LEAST_BACKOFF_SECONDS: Final = 0.1  # where a server asks for no wait at all, and then is gone
_LONGEST_BACKOFF_SECONDS: Final = 30.0
_FINAL_REASONS: Final = frozenset({"limit", "end"})  # any other, a future one too, means: come back
_MEDIA_TYPE: Final = "text/event-stream"
_SHOWN_CHARACTERS: Final = 64  # of an id; none is longer by the contract
_UNNAMED: Final = "message"  # what an event without a name is called; this contract has none

_Value = TypeVar("_Value")


class Ask(NamedTuple):
    """What to ask for in the next request."""

    query: tuple[tuple[str, str], ...]
    headers: dict[str, str]


class Reading(Generic[_Value]):
    """One subscription. `deliver` makes of what a stream says what the caller is given, if anything, or raises.

    `last_event_id` is where whoever has everything delivered so far goes on from.
    """

    def __init__(
        self,
        request: StreamRequest,
        deliver: Callable[[Told], _Value | None],
        *,
        retry_max_seconds: float | None,
        report: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.last_event_id = request.after
        self.ended = False
        self.active = False
        self.reading_on = False
        self._request = request
        self._deliver = deliver
        self._remaining = request.limit
        self._retries = Retries(retry_max_seconds, _LONGEST_BACKOFF_SECONDS, report, clock)
        self._retry_seconds = _FIRST_RETRY_SECONDS
        self._delivered = RecentIds()
        self._behind_gap: str | None = None  # the id of a gap that the caller was told of by an exception
        self._asked_after = request.after
        self._arrived = False  # whether this connection brought something to go on from
        self._trouble = Trouble("Nothing was asked yet.")  # why the last connection is over

    @contextmanager
    def following(self) -> Iterator[None]:
        """Be `active`, for a caller that iterates; one that does so again after an exception consents to what it said."""
        self._retries.renew()
        if self._behind_gap is not None:
            self.last_event_id = self._behind_gap
        self.active = True
        try:
            yield
        finally:
            self.active = False

    def ask(self) -> Ask:
        """Say what to ask for next."""
        self._asked_after = self.last_event_id
        self._arrived = False
        self.reading_on = False
        headers = {"Accept": _MEDIA_TYPE, "Cache-Control": "no-store"}
        if self.last_event_id:
            headers["Last-Event-ID"] = self.last_event_id
        return Ask(self._request.query(self.last_event_id, self._remaining), headers)

    def opened(self, answer: Answer) -> None:
        """Take an answer. Raises Trouble where another time may do, RequestRefused and UnexpectedAnswer where it will not."""
        if answer.status_code in TRANSIENT_STATUSES:
            raise transient(answer)
        if answer.status_code == 204 and not self._request.follow:
            self.ended = True
            return
        if answer.status_code == 204:
            raise RequestRefused(_nothing_to_follow(answer))
        if answer.status_code != 200:
            raise RequestRefused(read_problem(answer))
        if answer.media_type != _MEDIA_TYPE:
            raise UnexpectedAnswer(f"The answer is no event stream, but {answer.media_type or 'of no known type'}.")
        self.reading_on = True

    def receive(self, frame: ServerSentEvent) -> _Value | None:
        """Take a frame; return what to deliver, if anything. Raises EventsLost (as `deliver` does) and UnexpectedAnswer."""
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
            case _:  # a checkpoint, or a control event of the future: it has an id
                return self._checkpoint(frame)
        return None

    def lost(self, trouble: Trouble) -> None:
        """Note why a connection is over."""
        self._trouble = trouble
        self.reading_on = False

    def wait_seconds(self) -> float:
        """Say how long to wait before the next request: not at all after the end. Raises Unavailable where that is too long."""
        if self.ended:
            return 0.0
        if self._arrived:
            # The server has jittered the time that it asks for: https://html.spec.whatwg.org/multipage/server-sent-events.html
            self._retries.renew()
            self._retries.check(self._trouble, self._retry_seconds)
            return self._retry_seconds
        first_seconds = max(self._retry_seconds, _LEAST_BACKOFF_SECONDS)
        return self._retries.backoff_seconds(self._trouble, first_seconds, self._retry_seconds)

    def _close(self, reason: str) -> None:
        self.ended = reason in _FINAL_REASONS
        self.reading_on = False
        if reason == "unavailable" and self.last_event_id == self._asked_after:
            self._arrived = False  # its checkpoint said only where this client had been before

    def _event(self, frame: ServerSentEvent) -> _Value | None:
        if not frame.id:
            raise UnexpectedAnswer(f"An event of the type {frame.event!r} has no id.")
        data = json_object(frame.data)
        if data is None:
            raise UnexpectedAnswer(f"The data of the event {frame.id!r} is no JSON object.")
        known = self._delivered.add(frame.id)
        self._arrive(frame.id)
        if not known:
            return None
        if self._remaining is not None:
            self._remaining -= 1
            self.ended = self._remaining == 0
            self.reading_on = not self.ended
        make = EVENT_CLASSES.get(frame.event, OrderEvent)
        return self._deliver(make(id=frame.id, event_type=frame.event, data=data))

    def _gap(self, frame: ServerSentEvent) -> _Value | None:
        told = json_object(frame.data) or {}
        gap = Gap(frame.id, *(str(told.get(name, "unknown")) for name in ("reason", "requested", "earliest")))
        # What is kept of another history is sent again, and whoever begins anew needs it.
        self._delivered.clear()
        self._behind_gap = frame.id
        value = self._deliver(gap)
        self._arrive(frame.id)
        return value

    def _checkpoint(self, frame: ServerSentEvent) -> _Value | None:
        # Each connection begins with one, mostly where the last one ended.
        moved = bool(frame.id) and frame.id != self.last_event_id
        self._arrive(frame.id)
        return self._deliver(Checkpoint(frame.id)) if moved else None

    def _arrive(self, frame_id: str) -> None:
        if frame_id:
            self.last_event_id = frame_id
            self._behind_gap = None
            self._arrived = True


def _nothing_to_follow(answer: Answer) -> Problem:
    return Problem(
        "about:blank", answer.reason_phrase, 204, "The server answered 204: there is no stream to follow.", {}
    )
