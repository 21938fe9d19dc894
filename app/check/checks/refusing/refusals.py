"""Checks of requests that the server must refuse, with the right status and a problem document (RFC 9457)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from app.check.findings import Finding
from app.check.request import Request
from app.check.target.differences import differences, fetch_page
from app.check.target.problem_faults import faults, members, refused
from app.check.target.stored_log import StoredLog, as_values
from app.check.target.target import Target

# Parameters, each with values that its schema refuses.
_INVALID: Final = (
    ("limit", ("0", "-1", "many", "1.5", "1000001")),
    ("from", ("middle", "Earliest")),
    ("follow", ("maybe", "False", "1")),
    ("since", ("yesterday", "2024-05-01T10:00:00", "2024-02-30T10:00:00Z", "2024-05-01t10:00:00z")),
    ("eventTypes", ("no.such.type", "", "stream.checkpoint")),
    ("orderId", ("", "no order", "x" * 129, ",".join(f"or_{number}" for number in range(101)))),
    ("wait", ("-1", "31", "0.5")),
    ("majorVersion", ("0", "999")),
)
# Parameters that are no lists, each with a value that is good once.
_SINGLE: Final = (
    ("limit", "1"),
    ("from", "latest"),
    ("follow", "false"),
    ("since", "2024-05-01T10:00:00Z"),
    ("lastEventId", "nope"),
    ("wait", "0"),
    ("majorVersion", "1"),
)
# Parameters that the contract does not have, although some resemble those that it has. No problem repeats what is long.
_UNKNOWN: Final = ("no-such-parameter", "lasteventid", "eventtypes", "order_id", "x" * 3000)
# Accept headers that admit neither a stream nor a page, although some resemble those that do.
_UNACCEPTABLE: Final = ("text/html", "text/event-streams", "application/problem+json", "text/event-stream;q=0")
_LONGEST_ID: Final = 64
_MOST_ON_A_PAGE: Final = 1000  # if the document names no other number


def malformed_id(target: Target) -> Iterator[Finding]:
    """An id that does not match the contract's pattern is refused with 400, in the header and in the parameter.

    This check sends malformed ids in the header Last-Event-ID and in the query parameter lastEventId, for streams of both kinds and for
    pages; it yields a finding for each id that is not refused.
    """
    promised = "An id that does not match the pattern is refused"
    one = ("limit", "1")  # a server that accepts the id need not send the whole log
    for malformed in ("no.id", "a" * (_LONGEST_ID + 1), "a\n", "ä"):
        id = ("lastEventId", malformed)
        for request in (target.finite(one, id), target.page(one, id)):
            yield from refused(target, request, 400, promised)
    for malformed in ("no id", "a" * (_LONGEST_ID + 1)):
        header = (("Last-Event-ID", malformed),)
        for request in (target.finite(one, headers=header), target.stream(one, headers=header)):
            yield from refused(target, request, 400, promised)


def unknown_parameter(target: Target) -> Iterator[Finding]:
    """A parameter that the contract does not have is refused with 400, also if its name resembles another.

    This check yields a finding for each stream and page with such a query parameter that is not refused.
    """
    for name in _UNKNOWN:
        if name not in target.contract.parameters:
            for request in (target.finite((name, "1")), target.page((name, "1"))):
                yield from refused(target, request, 400, "A parameter that is unknown is refused")


def invalid_value(target: Target) -> Iterator[Finding]:
    """A value that breaks its parameter's schema is refused with 400, and so is a page of more events than one may have.

    This check yields a finding for each stream and page with such a query parameter that is not refused.
    """
    known = target.contract.parameters
    promised = "A parameter that breaks its schema is refused"
    for name, value in _invalid_values(target):
        if name in known:
            finite = () if name == "follow" else (("follow", "false"),)
            for request in (target.stream((name, value), *finite), target.page((name, value))):
                yield from refused(target, request, 400, promised)
    most = known.get("limit", {}).get("x-page-limit", {}).get("maximum", _MOST_ON_A_PAGE)
    request = target.page(("limit", str(most + 1)))
    yield from refused(target, request, 400, f"A page of more than {most} events is refused")


def _invalid_values(target: Target) -> Iterator[tuple[str, str]]:
    yield from ((name, value) for name, values in _INVALID for value in values)
    for type in target.order_types[:1]:
        yield from (("eventTypes", value) for value in (f"{type}x", type.upper(), f"{type},no.such.type", f"{type},"))


def given_twice(target: Target) -> Iterator[Finding]:
    """A parameter that is not a list is refused with 400 if it is given twice, also with the same value.

    This check yields a finding for each parameter, and for the header Last-Event-ID, that is not refused.
    """
    promised = "A parameter that is not a list is refused if it is given twice"
    for name, value in _SINGLE:
        if name in target.contract.parameters:
            once = () if name == "follow" else (("follow", "false"),)
            yield from refused(target, target.stream((name, value), (name, value), *once), 400, promised)
    header = ("Last-Event-ID", "nope")
    yield from refused(target, target.finite(headers=(header, header)), 400, promised)


def not_acceptable(target: Target) -> Iterator[Finding]:
    """A client that accepts neither a stream nor a page gets 406.

    This check yields a finding for each request with another media type in its Accept header that is not refused.
    """
    for accept in _UNACCEPTABLE:
        request = Request(target.contract.stream_path, (("follow", "false"),), (("Accept", accept),))
        promised = "An Accept that admits neither text/event-stream nor application/json"
        yield from refused(target, request, 406, promised)


def lost_page(target: Target) -> Iterator[Finding]:
    """A page that cannot follow the given id is a 410, which says why and from where to go on.

    This check requests the page after an id that it made up; it yields a finding if the response is not such a 410 problem
    document, or if the page after its `earliest` does not have the earliest stored event.
    """
    log = target.stored()  # before the answer, because later deletions are not counted otherwise
    foreign = f"no-such-position-{target.token}"
    request = target.page(("lastEventId", foreign))
    response = target.session.fetch(request)
    yield from faults(target, response, 410, "A page that cannot follow the given id is refused")
    problem = members(response)
    seen = problem.get("reason"), problem.get("requested")
    if response.status == 410 and (seen != ("foreign", foreign) or not isinstance(problem.get("earliest"), str)):
        yield Finding("A 410 has reason, requested and earliest.", str(response), request, (foreign,))
    elif response.status == 410 and log.events and log.is_usable:
        yield from _from_earliest(target, log, problem["earliest"])


def _from_earliest(target: Target, log: StoredLog, earliest: str) -> Iterator[Finding]:
    request = target.page(("lastEventId", earliest), ("limit", "1"))
    came = [each.as_values() for each in fetch_page(target, log, request).events]
    promised = "The page after the `earliest` of a 410 has the earliest stored event."
    expected = [as_values(event) for event in log.events[:1]]
    yield from differences(target, log, expected, came, request=request, promised=promised)
