"""A check of the violations that a 422 lists: it is not longer the more an event breaks, and repeats nothing that is long."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from app.check.findings import Finding
from app.check.request import Response
from app.check.target.probe_events import encoded, key_name, new_event, publish, publishing
from app.check.target.problem_faults import faults, members
from app.check.target.target import Target

_MOST_EVENTS: Final = 20
_MOST_OF_EVENT: Final = 10
_LONGEST_MESSAGE: Final = 200  # characters
_LONG: Final = " " * 5000  # breaks the pattern of a key
_BAD: Final = 25


def publish_violations(target: Target) -> Iterator[Finding]:
    """A 422 lists the first 20 bad events with up to 10 violations each, in short messages, and counts all violations.

    This check publishes a request with more bad events, which have long values. It yields a finding if the answer lists others, or repeats
    a long value.
    """
    publish(target, new_event(target))  # not if the access token does not permit it
    event = new_event(target)
    strange = {f"noSuchProperty{number}": number for number in range(_MOST_OF_EVENT + 2)}
    bad = {**event, "data": {**event["data"], **strange, key_name(target, event): _LONG}}
    response = target.session.fetch(publishing(target, encoded([bad] * _BAD)))
    yield from faults(target, response, 422, "Events that break their contract are refused")
    if response.status == 422:
        yield from _listed(response, members(response))


def _listed(response: Response, problem: dict[str, Any]) -> Iterator[Finding]:
    violations = problem.get("violations")
    listed = [each for each in violations if isinstance(each, dict)] if isinstance(violations, list) else []
    of_events = Counter(str(each.get("index")) for each in listed)
    if of_events.keys() != {str(index) for index in range(_MOST_EVENTS)} or max(of_events.values()) > _MOST_OF_EVENT:
        seen = f"it lists {len(listed)} of {len(of_events)} events"
        promised = (
            f"`violations` lists the first {_MOST_EVENTS} bad events, each with up to {_MOST_OF_EVENT} violations."
        )
        yield Finding(promised, seen, response.request)
    longest = max((len(str(each.get("message"))) for each in listed), default=0)
    if longest > _LONGEST_MESSAGE:
        promised = f"A message has at most {_LONGEST_MESSAGE} characters, and repeats no long value."
        yield Finding(promised, f"one has {longest} characters", response.request)
    total = problem.get("total")
    if not isinstance(total, int) or total < max(_BAD, len(listed)):
        promised = "`total` counts all violations, listed or not."
        yield Finding(promised, f"total is {total}, for {_BAD} bad events", response.request)
