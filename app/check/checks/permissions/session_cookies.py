"""A check of the cookie with which a web page reads, if the server needs access tokens."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from typing import Final

from app.check.findings import Finding, NotSeen
from app.check.published_contract import PAGE
from app.check.request import FOREIGN_ORIGIN, Pairs, Request, Response, excerpt
from app.check.target.target import Target

_NO_TOKEN: Final = ("Authorization", "")
_FOREIGN: Final[Pairs] = (("Origin", FOREIGN_ORIGIN), ("Sec-Fetch-Site", "cross-site"))
_ATTRIBUTES: Final = frozenset({"path=/", "secure", "httponly", "samesite=strict"})
_REFUSED: Final = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)


def session_cookie(target: Target) -> Iterator[Finding]:
    """The cookie of a session reads for pages of the server, is hidden from scripts, and neither publishes nor reads for other pages.

    This check begins and ends a session with its own token. Raises NotSeen if the server has no sessions.
    """
    path = target.contract.paths.get("createSession")
    if path is None:
        raise NotSeen("The contract has no operation createSession.")
    begun = target.session.fetch(Request(path, method="POST"))
    cookie = begun.headers.get("set-cookie", "")
    if begun.status != HTTPStatus.NO_CONTENT or not cookie:
        raise NotSeen(f"The token begins no session: {begun}.")
    yield from _attributes(begun, cookie)
    sent: Pairs = (("Cookie", cookie.partition(";")[0]), _NO_TOKEN)
    page = target.page(("limit", "1"))
    own = target.session.fetch(Request(page.path, page.parameters, (*page.headers, *sent)))
    if own.status != HTTPStatus.OK:
        yield Finding("The cookie of a session reads.", str(own), own.request)
    foreign = target.session.fetch(Request(page.path, page.parameters, (*page.headers, *sent, *_FOREIGN)))
    if foreign.status not in _REFUSED:
        yield Finding("A page of another origin does not read with the cookie.", str(foreign), foreign.request)
    publishing = target.contract.paths["publishOrderEvents"]
    published = target.session.fetch(Request(publishing, (), (("Content-Type", PAGE), *sent), "POST", b"[]"))
    if published.status not in _REFUSED:
        yield Finding("The cookie does not publish: 401 or 403.", str(published), published.request)
    ended = target.session.fetch(Request(path, method="DELETE"))
    if "max-age=0" not in ended.headers.get("set-cookie", "").lower():
        seen = f"Set-Cookie: {excerpt(ended.headers.get('set-cookie', ''))}"
        yield Finding("The end of a session makes browsers forget the cookie.", seen, ended.request)


def _attributes(begun: Response, cookie: str) -> Iterator[Finding]:
    attributes = {each.strip().lower() for each in cookie.split(";")[1:]}
    missing = sorted(_ATTRIBUTES - attributes)
    if missing or not cookie.startswith("__Host-"):
        seen = f"it lacks {', '.join(missing) or 'the prefix __Host-'}"
        yield Finding("The cookie is for this server, for TLS, and hidden from scripts.", seen, begun.request)
