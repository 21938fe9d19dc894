"""Checks of what the server does not have: paths, methods and hosts; and of the pages about the problems with which it says so."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from typing import Final

from app.check.findings import Finding, NotSeen
from app.check.request import FOREIGN_HOST, Request, Response, excerpt
from app.check.target.problem_faults import faults, members, refused
from app.check.target.target import Target

_METRICS: Final = "getMetrics"  # which operators may serve elsewhere
_SIMILAR_HOSTS: Final = (
    f"localhost.{FOREIGN_HOST}",
    f"127.0.0.1.{FOREIGN_HOST}",
)  # to those that every server answers for


def unknown_path(target: Target) -> Iterator[Finding]:
    """A path that the contract does not have is answered with 404.

    This check yields a finding for each request with an unknown path, or with an unknown event type in the path, that is not
    refused.
    """
    for path in (f"/no-such-path-{target.token}", f"/{'x' * 3000}"):  # no problem repeats what is long
        yield from refused(target, Request(path), 404, "There is no such path")
    template = target.contract.paths.get("getEventSchema")
    if template is not None:
        path = template.replace("{eventType}", "no.such.type").replace("{version}", "1.0.0")
        yield from refused(target, Request(path), 404, "There is no such event type")


def wrong_method(target: Target) -> Iterator[Finding]:
    """A method that a path does not have is answered with 405, and the Allow header lists its methods.

    This check yields a finding for each path of the contract at which a PATCH request is not refused in this way.
    """
    for path, methods in target.contract.methods.items():
        if "{" in path or path == target.contract.paths.get(_METRICS):
            continue
        request = Request(path, method="PATCH")
        response = target.session.fetch(request)
        yield from faults(target, response, 405, "Every other method on this path is refused")
        allowed = {method.strip() for method in response.headers.get("allow", "").split(",")}
        if response.status == HTTPStatus.METHOD_NOT_ALLOWED and not set(methods) <= allowed:
            promised = f"Allow lists the methods of this path: {', '.join(methods)}."
            yield Finding(promised, f"Allow: {excerpt(response.headers.get('allow', ''))}", request)


def foreign_host(target: Target) -> Iterator[Finding]:
    """A request for a foreign host is refused with 421, so that no web page can use the server under a name of its own.

    Raises NotSeen if the document has no such response, or if something in front of the server answers for other hosts.
    """
    path = target.contract.stream_path
    if "421" not in target.contract.document["paths"][path]["get"]["responses"]:
        raise NotSeen("The document has no response 421 to a request for another host.")
    first, *others = (_answer(target, host) for host in (FOREIGN_HOST, *_SIMILAR_HOSTS))
    if first.status != HTTPStatus.OK and "type" not in members(first):
        raise NotSeen("Something in front of the server answers for other hosts.")
    for response in (first, *others):
        yield from faults(target, response, 421, "A request for a host that nobody has named is refused")


def _answer(target: Target, host: str) -> Response:
    page = target.page(("limit", "1"))
    return target.session.fetch(Request(page.path, page.parameters, (*page.headers, ("Host", host))))


def problem_page(target: Target) -> Iterator[Finding]:
    """The `type` of a problem is the address of a page about it.

    This check asks for the page of two problems. Raises NotSeen if their types are not addresses of the server.
    """
    unknown = (Request(f"/no-such-path-{target.token}"), target.finite(("no-such-parameter", "1")))
    types = [members(target.session.fetch(each)).get("type") for each in unknown]
    paths = sorted({each for each in types if isinstance(each, str) and each.startswith("/")})
    if not paths:
        raise NotSeen("The types of problems are not addresses of this server.")
    for path in paths:
        response = target.session.fetch(Request(path, headers=(("Accept", "text/html"),)))
        if response.status != HTTPStatus.OK or response.media_type != "text/html":
            yield Finding("The `type` of a problem is the address of a page.", str(response), response.request)
