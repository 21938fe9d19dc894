"""Checks of requests that the server must refuse, with the right status and a problem document (RFC 9457)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from app.check.findings import Finding, NoAnswer
from app.check.request import Request, Response, excerpt
from app.check.target.problem_faults import faults, members, refused
from app.check.target.target import Target

# Parameters, each with a value that its schema refuses.
_INVALID: Final = (
    ("limit", "0"),
    ("limit", "many"),
    ("from", "middle"),
    ("follow", "maybe"),
    ("since", "yesterday"),
    ("eventTypes", "no.such.type"),
    ("eventTypes", ""),
    ("wait", "-1"),
    ("majorVersion", "0"),
)
_LONGEST_ID: Final = 64
# What a request sends instead of an access token: nothing, another scheme, no token, and one that nobody signed (RFC 7519 §6.1).
_UNACCEPTABLE: Final = (
    "",
    "Basic dXNlcjpwYXNzd29yZA==",
    "Bearer not-a-token",
    "Bearer eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0.eyJzdWIiOiJjaGVjayJ9.",
)


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
    """A value that breaks its parameter's schema is refused with 400, and so is a second value if only one is allowed.

    This check yields a finding for each request with such a query parameter that is not refused.
    """
    for name, value in _INVALID:
        if name in target.contract.parameters:
            yield from refused(
                target, target.finite((name, value)), 400, "A parameter that breaks its schema is refused"
            )
    twice = target.finite(("limit", "1"), ("limit", "2"))
    yield from refused(target, twice, 400, "A parameter that is not a list is refused if it is given twice")


def not_acceptable(target: Target) -> Iterator[Finding]:
    """A client that accepts neither a stream nor a page gets 406.

    This check yields a finding if a request with another media type in its Accept header is not refused.
    """
    request = Request(target.contract.stream_path, (("follow", "false"),), (("Accept", "text/html"),))
    yield from refused(target, request, 406, "An Accept that admits neither text/event-stream nor application/json")


def unknown_path(target: Target) -> Iterator[Finding]:
    """A path that the contract does not have is answered with 404.

    This check yields a finding for each request with an unknown path, or with an unknown event type in the path, that is not
    refused.
    """
    yield from refused(target, Request(f"/no-such-path-{target.token}"), 404, "There is no such path")
    template = target.contract.paths.get("getEventSchema")
    if template is not None:
        path = template.replace("{eventType}", "no.such.type").replace("{version}", "1.0.0")
        yield from refused(target, Request(path), 404, "There is no such event type")


def wrong_method(target: Target) -> Iterator[Finding]:
    """A method that a path does not have is answered with 405, and the Allow header lists its methods.

    This check yields a finding if a PATCH request is not refused in this way.
    """
    path = target.contract.stream_path
    request = Request(path, method="PATCH")
    response = target.session.fetch(request)
    yield from faults(target, response, 405, "Every other method on this path is refused")
    allowed = {method.strip() for method in response.headers.get("allow", "").split(",")}
    if response.status == 405 and not set(target.contract.methods[path]) <= allowed:
        promised = f"Allow lists the methods of this path: {', '.join(target.contract.methods[path])}."
        yield Finding(promised, f"Allow: {excerpt(response.headers.get('allow', ''))}", request)


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


def bad_token(target: Target) -> Iterator[Finding]:
    """An operation that needs an access token refuses every request without an acceptable one with the same 401.

    This check sends such requests to each GET operation that the document protects. It yields a finding if one is not refused, if the
    response has no WWW-Authenticate header, or if the response shows what is wrong with a token.
    """
    for path in target.contract.protected:
        seen: Response | None = None
        for authorization in _UNACCEPTABLE:
            request = Request(
                path, headers=(("Accept", "application/json, */*;q=0.1"), ("Authorization", authorization))
            )
            try:
                response = target.session.fetch(request)
            except NoAnswer as silence:  # for example because a stream was opened
                yield Finding("A request without an acceptable token is refused: 401.", str(silence), request)
                continue
            yield from faults(target, response, 401, "A request without an acceptable token is refused")
            if not response.headers.get("www-authenticate", "").startswith("Bearer"):
                yield Finding("A 401 has the header WWW-Authenticate: Bearer.", str(response), request)
            if seen is not None and response.body != seen.body:
                yield Finding(
                    "Every token that is not accepted gets the same answer.", f"{seen}, and {response}", request
                )
            seen = response
