"""Checks of requests that the server must refuse, with the right status and a problem document (RFC 9457)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from app.check.findings import Finding
from app.check.request import Request
from app.check.target.problem_faults import faults, members, refused
from app.check.target.target import Target

# Parameters, each with a value that its schema refuses.
_INVALID: Final = (
    ("limit", "0"),
    ("limit", "many"),
    ("limit", "1000001"),
    ("from", "middle"),
    ("follow", "maybe"),
    ("since", "yesterday"),
    ("since", "2024-05-01T10:00:00"),
    ("eventTypes", "no.such.type"),
    ("eventTypes", ""),
    ("orderId", ""),
    ("orderId", "no order"),
    ("orderId", "x" * 129),
    ("orderId", ",".join(f"or_{number}" for number in range(101))),
    ("wait", "-1"),
    ("wait", "31"),
    ("majorVersion", "0"),
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
_LONGEST_ID: Final = 64
_MOST_ON_A_PAGE: Final = 1000  # if the document names no other number


def malformed_id(target: Target) -> Iterator[Finding]:
    """An id that does not match the contract's pattern is refused with 400, in the header and in the parameter.

    This check sends malformed ids in the header Last-Event-ID and in the query parameter lastEventId; it yields a finding for
    each id that is not refused.
    """
    promised = "An id that does not match the pattern is refused"
    one = ("limit", "1")  # a server that accepts the id need not send the whole log
    for malformed in ("no.id", "a" * (_LONGEST_ID + 1), "a\n", "ä"):
        yield from refused(target, target.finite(one, ("lastEventId", malformed)), 400, promised)
    for malformed in ("no id", "a" * (_LONGEST_ID + 1)):
        yield from refused(target, target.finite(one, headers=(("Last-Event-ID", malformed),)), 400, promised)


def unknown_parameter(target: Target) -> Iterator[Finding]:
    """A parameter that the contract does not have is refused with 400.

    This check yields a finding if a request with an unknown query parameter is not refused.
    """
    request = target.finite(("no-such-parameter", "1"))
    yield from refused(target, request, 400, "A parameter that is unknown is refused")


def invalid_value(target: Target) -> Iterator[Finding]:
    """A value that breaks its parameter's schema is refused with 400, and so is a page of more events than one may have.

    This check yields a finding for each request with such a query parameter that is not refused.
    """
    known = target.contract.parameters
    for name, value in _INVALID:
        if name in known:
            request = target.stream((name, value), *(() if name == "follow" else (("follow", "false"),)))
            yield from refused(target, request, 400, "A parameter that breaks its schema is refused")
    most = known.get("limit", {}).get("x-page-limit", {}).get("maximum", _MOST_ON_A_PAGE)
    request = target.page(("limit", str(most + 1)))
    yield from refused(target, request, 400, f"A page of more than {most} events is refused")


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

    This check yields a finding if a request with another media type in its Accept header is not refused.
    """
    request = Request(target.contract.stream_path, (("follow", "false"),), (("Accept", "text/html"),))
    yield from refused(target, request, 406, "An Accept that admits neither text/event-stream nor application/json")


def lost_page(target: Target) -> Iterator[Finding]:
    """A page that cannot follow the given id is a 410, which says why and from where to go on.

    This check requests the page after an id that it made up; it yields a finding if the response is not such a 410 problem
    document.
    """
    foreign = f"no-such-position-{target.token}"
    request = target.page(("lastEventId", foreign))
    response = target.session.fetch(request)
    yield from faults(target, response, 410, "A page that cannot follow the given id is refused")
    problem = members(response)
    seen = problem.get("reason"), problem.get("requested")
    if response.status == 410 and (seen != ("foreign", foreign) or "earliest" not in problem):
        yield Finding("A 410 has reason, requested and earliest.", str(response), request, (foreign,))
