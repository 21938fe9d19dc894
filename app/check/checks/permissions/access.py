"""Checks of access tokens: requests without an acceptable one, and what a restricted one may see."""

from __future__ import annotations

import base64
import json
from collections.abc import Generator, Iterator
from http import HTTPStatus
from typing import Any, Final

from app.check.checks.filters import order_of
from app.check.findings import Finding, NoAnswer
from app.check.published_contract import PAGE
from app.check.request import Pairs, Request, Response, excerpt
from app.check.target.probe_events import encoded, new_event
from app.check.target.problem_faults import faults
from app.check.target.target import Target
from app.check.target.token_claims import claims_of

_ACCEPT: Final = ("Accept", "application/json, */*;q=0.1")
# What a request sends in place of an access token: nothing, another scheme, no token, and one that nobody signed (RFC 7519 §6.1).
_UNACCEPTABLE: Final = (
    "",
    "Basic dXNlcjpwYXNzd29yZA==",
    "Bearer not-a-token",
    "Bearer eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0.eyJzdWIiOiJjaGVjayJ9.",
)


def bad_token(target: Target) -> Iterator[Finding]:
    """An operation that needs an access token refuses every request without an acceptable one with the same 401.

    This check sends such requests to each operation that the document protects, also with changed forms of its own token. It yields a
    finding if one is not refused, if the response has no WWW-Authenticate header, or if the response shows what is wrong with a token.
    """
    for method, path in target.contract.protected:
        seen: Response | None = None
        for authorization in unacceptable(target.options.token or ""):
            response = yield from _refused(target, method, path, authorization)
            if response is not None and seen is not None and response.body != seen.body:
                promised = "Every token that is not accepted gets the same answer."
                yield Finding(promised, f"{seen}, and {response}", response.request)
            seen = response or seen


def _refused(target: Target, method: str, path: str, authorization: str) -> Generator[Finding, None, Response | None]:
    """Yield a finding for each fault of the answer to a request without an acceptable token, and return the answer."""
    body = b"{}" if method == "POST" else None
    typed: Pairs = (("Content-Type", PAGE),) if body else ()
    request = Request(path, (), (_ACCEPT, *typed, ("Authorization", authorization)), method, body)
    try:
        response = target.session.fetch(request)
    except NoAnswer as silence:  # for example because a stream was opened
        yield Finding("A request without an acceptable token is refused: 401.", str(silence), request)
        return None
    yield from faults(target, response, 401, "A request without an acceptable token is refused")
    if not response.headers.get("www-authenticate", "").startswith("Bearer"):
        yield Finding("A 401 has the header WWW-Authenticate: Bearer.", str(response), request)
    return response


def unacceptable(token: str) -> Iterator[str]:
    """Yield what a server must not accept as an access token. `token`: a good one, of which forged ones are made."""
    yield from _UNACCEPTABLE
    yield from _forged(token)


def _forged(token: str) -> Iterator[str]:
    """Yield what a forger makes of a good token: another signature, none, and other claims with the signature of the good one."""
    header, _, rest = token.partition(".")
    payload, _, signature = rest.partition(".")
    if not signature:
        return
    other = (
        base64.urlsafe_b64encode(json.dumps({**claims_of(token), "sub": "check-forged"}).encode()).decode().rstrip("=")
    )
    yield f"Bearer {header}.{payload}.{signature[::-1]}"
    yield f"Bearer {header}.{payload}."
    yield f"Bearer {header}.{other}.{signature}"


def open_operation(target: Target) -> Iterator[Finding]:
    """An operation that needs no access token, such as the documents and the health, is answered without one, and with a bad one.

    This check yields a finding for each such GET operation without parameters in its path that is answered with 401 or 403.
    """
    for path in target.contract.open:
        for authorization in () if "{" in path else _UNACCEPTABLE[::2]:
            request = Request(path, headers=(_ACCEPT, ("Authorization", authorization)))
            if path == target.contract.stream_path:
                request = Request(path, (("follow", "false"),), request.headers)
            response = target.session.fetch(request)
            if response.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
                yield Finding("An operation that needs no token is open to everybody.", str(response), request)


def restricted_token(target: Target) -> Iterator[Finding]:
    """A token that is restricted to some event types or orders reads no others, and publishes no others: 403.

    This check reads the restrictions in its own token, and then streams and pages. It yields a finding for each event that the token does
    not permit.
    """
    permitted = target.options.restrictions
    types, orders = permitted.get("eventTypes"), permitted.get("orderIds")
    promised = "A restricted token reads only what it permits."
    log = target.stored()
    for event in log.events:
        if (types and event.event not in types) or (orders and order_of(target, event) not in orders):
            yield Finding(promised, f"{excerpt(event.event)} {excerpt(event.data)}", log.stream.request, (event.id,))
    if target.options.publish and (orders or target.contract.example):
        yield from _publishes_no_others(target, types, orders)


def _publishes_no_others(target: Target, types: Any, orders: Any) -> Iterator[Finding]:
    other = next((each for each in target.contract.examples if types and each not in types), None)
    if not orders and other is None:
        return
    event = new_event(target, event_type=other)  # of a new order, which no token is restricted to
    headers = (("Content-Type", PAGE),)
    request = Request(target.contract.paths["publishOrderEvents"], (), headers, "POST", encoded(event))
    response = target.session.fetch(request)
    yield from faults(target, response, 403, "A restricted token publishes only what it permits")
