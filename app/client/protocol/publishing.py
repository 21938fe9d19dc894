"""Publish events so that each is stored once, even if a response is lost. This module does no I/O.

Every event gets an `eventId` before the first attempt, and a server stores an `eventId` only once. So the same request can be sent
again if its response was lost. A server stores all events of a request or none.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

from ..errors import EventsRefused, Problem, RequestRefused, UnexpectedAnswer, Violation
from .json_object import json_object
from .retries import TRANSIENT_STATUSES, Retries, TransientError, transient_error
from .server_response import ServerResponse, read_problem

RETRY_MAX_SECONDS: Final = 60.0
_FIRST_WAIT_SECONDS: Final = 0.25
_LONGEST_BACKOFF_SECONDS: Final = 8.0


@dataclass(frozen=True, slots=True)
class PublishedEvent:
    """The server's confirmation that an event is on its disk.

    `id`: the position of the event in the log; pass it as the argument `after` to begin a stream after this event.
    `event_type`: the name of the event's type.
    `schema_version`: the version of the event type's schema that the server checked the event against.
    `event_id`: the `eventId` of the event; a random one if the caller gave none.
    `duplicate`: whether the event was stored already before this request; then `id` is the position that the event got at that time.
    """

    id: str
    event_type: str
    schema_version: str
    event_id: str
    duplicate: bool


class Publishing:
    """A request to publish events, and the state of its retries: the request is sent again until it gets a response.

    `events`: the events in the format of the contract; an event without an `eventId` gets a random one.
    `retry_max_seconds`: how long to try again; None: without a limit.
    `report`: called with a sentence when the first attempt fails.
    `clock`: returns the current time in seconds.
    """

    def __init__(
        self,
        events: Iterable[Mapping[str, object]],
        *,
        retry_max_seconds: float | None,
        report: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        identified = [event if "eventId" in event else {**event, "eventId": str(uuid4())} for event in events]
        self.body = json.dumps(identified, separators=(",", ":"), allow_nan=False).encode()
        self._count = len(identified)
        self._retries = Retries(retry_max_seconds, _LONGEST_BACKOFF_SECONDS, report, clock)

    def answered(self, response: ServerResponse) -> list[PublishedEvent]:
        """Return the stored events that a response reports.

        Raises TransientError if the request may succeed later, RequestRefused or UnexpectedAnswer if it cannot succeed.
        """
        if response.status_code in TRANSIENT_STATUSES:
            raise transient_error(response)
        if response.status_code != 201:
            raise self._refusal(read_problem(response))
        try:
            published = [_published(event) for event in (json_object(response.body) or {})["events"]]
        except (LookupError, TypeError):
            published = []
        if len(published) != self._count:
            raise UnexpectedAnswer("The server's answer is not that of Orders Events.")
        return published

    def wait_seconds(self, error: TransientError) -> float:
        """Return how long to wait before the next attempt. Raises Unavailable if it would be after `retry_max_seconds`."""
        return self._retries.wait_seconds(error, _FIRST_WAIT_SECONDS)

    def _refusal(self, problem: Problem) -> RequestRefused:
        violations = [each for each in _violations(problem.members) if 0 <= each.index < self._count]
        return EventsRefused(problem, violations) if violations else RequestRefused(problem)


def _published(event: Mapping[str, Any]) -> PublishedEvent:
    return PublishedEvent(
        event["id"], event["eventType"], event["schemaVersion"], event["eventId"], event["duplicate"] is True
    )


def _violations(members: Mapping[str, Any]) -> Iterator[Violation]:
    match members:
        case {"violations": list(violations)}:
            for violation in violations:
                match violation:
                    case {"index": int(index), "pointer": str(pointer), "message": str(message)}:
                        yield Violation(index, pointer, message)
        case {"index": int(index), "eventId": str(event_id)}:
            yield Violation(index, "/eventId", f"{event_id!r} names another event already")
