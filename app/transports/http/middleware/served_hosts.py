"""The hosts for which the server answers requests; a request for any other host is refused with 421 (RFC 9110 §7.4).

Otherwise every web page could use a server on its reader's own machine or network. The page's site lets its name resolve to the address of
that server (DNS rebinding); then the browser takes the server for a part of the site, and lets the page read and publish. Such a request
always has the name of the site in its `Host` field, never an IP address.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from functools import lru_cache
from ipaddress import ip_address
from typing import Final

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from app.specification.errors import Refusal

_SHOWN_CHARACTERS: Final = 64  # of a name in a problem
_PARTS: Final = re.compile(r"(?:\[([^\]]*)\]|([^:]*)).*")  # an address in brackets, or a name; then perhaps a port


class MisdirectedRequest(Refusal):
    """Raised when a request is for a host for which the server does not answer. `host`: the value of its Host field."""

    def __init__(self, host: str) -> None:
        super().__init__(
            f"This server does not answer for the host {host[:_SHOWN_CHARACTERS]!r}. If it should, its operator names the host "
            "with --host-name or in --public-url."
        )


def only_for_hosts(
    application: ASGIApp, names: Collection[str], refuse: Callable[[Request, Exception], ASGIApp]
) -> ASGIApp:
    """Return the application for requests to the given hosts, to `localhost` and to any IP address; others get a problem.

    `names`: host names in lower case; IP addresses may be among them. `refuse`: makes the response to another request, from an error.

    The port of a request makes no difference. A request without a host is answered: the server has made sure that it is of HTTP/1.0.
    """
    is_served = _served(frozenset({"localhost", *names}))

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        host = next((value for name, value in scope["headers"] if name == b"host"), None)
        if host is None or is_served(host):
            await application(scope, receive, send)
        else:
            response = refuse(Request(scope), MisdirectedRequest(host.decode("latin-1")))
            await response(scope, receive, send)

    return answer


def _served(names: frozenset[str]) -> Callable[[bytes], bool]:
    @lru_cache(maxsize=256)  # nearly all requests have one of a few hosts
    def is_served(host: bytes) -> bool:
        name = _name(host.decode("latin-1"))
        return name in names or _is_address(name)

    return is_served


def _name(host: str) -> str:
    """Return the name or address in the value of a Host field, in lower case, without port, brackets and the dot of the root domain."""
    parts = _PARTS.fullmatch(host)
    return (parts[1] or parts[2] or "" if parts else "").lower().removesuffix(".")


def _is_address(name: str) -> bool:
    try:
        return bool(ip_address(name))
    except ValueError:
        return False
