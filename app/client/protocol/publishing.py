"""Publish events so that each is stored once, whatever becomes of the answers; without any I/O.

Every event has an `eventId` before the first try, so the same request may be sent again after an answer was lost. A server stores
a whole request or nothing of it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

from ..errors import EventsRefused, RequestRefused, UnexpectedAnswer, Violation
from ..json_object import json_object
from ..problem import Problem, read_problem
from .retries import TRANSIENT_STATUSES, Retries, Trouble, transient
from .server_response import Answer

RETRY_MAX_SECONDS: Final = 60.0
_FIRST_WAIT_SECONDS: Final = 0.25
_LONGEST_BACKOFF_SECONDS: Final = 8.0


@dataclass(frozen=True, slots=True)
class PublishedEvent:
    """An event that is on disk, where it stands in the log (`id`), and whether it had been there before."""

    id: str
    event_type: str
    schema_version: str
    event_id: str
    duplicate: bool


class Publishing:
    """One request to publish, which is repeated until it has an answer."""

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

    def answered(self, answer: Answer) -> list[PublishedEvent]:
        """Read an answer. Raises Trouble where another one may come, RequestRefused and UnexpectedAnswer where it is the last."""
        if answer.status_code in TRANSIENT_STATUSES:
            raise transient(answer)
        if answer.status_code != 201:
            raise self._refusal(read_problem(answer))
        try:
            published = [_published(event) for event in (json_object(answer.body) or {})["events"]]
        except (LookupError, TypeError):
            published = []
        if len(published) != self._count:
            raise UnexpectedAnswer("The server's answer is not that of Orders Events.")
        return published

    def wait_seconds(self, trouble: Trouble) -> float:
        """Say how long to wait before the next try. Raises Unavailable where there is no patience for that."""
        return self._retries.backoff_seconds(trouble, _FIRST_WAIT_SECONDS)

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
