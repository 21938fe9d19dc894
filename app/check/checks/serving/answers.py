"""Checks of answers that depend on headers, or have them: the media type, pages of other origins, caches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Final

from app.check.findings import Finding
from app.check.published_contract import PAGE, STREAM
from app.check.request import FOREIGN_ORIGIN, Request, excerpt
from app.check.target.target import Target

# Accept headers, each with the media type of the answer (RFC 9110 §12.5.1).
_ACCEPTED: Final[Mapping[str, str]] = {
    "": STREAM,  # no such header
    "*/*": STREAM,
    "text/*": STREAM,
    "TEXT/EVENT-STREAM": STREAM,
    "application/json, text/event-stream": STREAM,
    "application/json;q=0.5, text/event-stream;q=0.5": STREAM,
    "text/event-stream, application/json;q=0.9": STREAM,
    "text/event-stream;q=0.4, application/json": PAGE,
    "application/json, */*;q=0.1": PAGE,
    "application/*": PAGE,
}


def media_type(target: Target) -> Iterator[Finding]:
    """The answer is a stream, or a page if the client prefers that; without a preference it is a stream.

    This check sends several Accept headers; it yields a finding for each answer of another media type.
    """
    parameters = (("from", "earliest"), ("follow", "false"), ("limit", "1"))
    for accept, expected in _ACCEPTED.items():
        request = Request(target.contract.stream_path, parameters, (("Accept", accept),))
        response = target.session.fetch(request)
        if response.status not in (HTTPStatus.OK, HTTPStatus.NO_CONTENT) or (
            response.status == HTTPStatus.OK and response.media_type != expected
        ):
            yield Finding(f"The answer to this Accept header is {expected}.", str(response), request)


def cross_origin(target: Target) -> Iterator[Finding]:
    """A page of a foreign origin is not permitted to read answers with the credentials of a user.

    This check asks as a page of an origin that no operator has named. It yields a finding if CORS headers permit it to read the answer
    with credentials, or to send `Last-Event-ID` but not to read.
    """
    headers = (("Origin", FOREIGN_ORIGIN), ("Accept", PAGE))
    response = target.session.fetch(Request(target.contract.stream_path, (("limit", "1"),), headers))
    permitted = response.headers.get("access-control-allow-origin")
    if permitted == FOREIGN_ORIGIN and response.headers.get("access-control-allow-credentials") == "true":
        yield Finding(
            "Only origins that the operator has named may use the credentials of users.",
            f"Access-Control-Allow-Origin: {permitted}, with Access-Control-Allow-Credentials: true",
            response.request,
        )
    if permitted not in (None, "*") and permitted != FOREIGN_ORIGIN:
        seen = f"Access-Control-Allow-Origin: {excerpt(permitted)}"
        yield Finding("An origin that is not permitted is not answered with another one.", seen, response.request)


def caches(target: Target) -> Iterator[Finding]:
    """Caches keep no page and no counts: `Cache-Control: no-store`, where the document names the header.

    This check yields a finding for each of these answers that a cache may keep.
    """
    for name in ("streamOrderEvents", "listOrderEvents", "countOrderEvents"):
        path = target.contract.paths.get(name)
        if path is None or not _has_cache_control(target, path):
            continue
        response = target.session.fetch(Request(path, headers=(("Accept", PAGE),)))
        directives = {each.strip().lower() for each in response.headers.get("cache-control", "").split(",")}
        if response.status == HTTPStatus.OK and "no-store" not in directives:
            seen = f"Cache-Control: {excerpt(response.headers.get('cache-control', ''))}"
            yield Finding("Caches must not keep this answer: no-store.", seen, response.request)


def _has_cache_control(target: Target, path: str) -> bool:
    answer = target.contract.document["paths"][path]["get"]["responses"].get("200", {})
    return any(name.lower() == "cache-control" for name in answer.get("headers", {}))
