"""Whether a request comes from a web page of the server itself, by the headers that browsers send and pages cannot change."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from starlette.types import Scope

from app.transports.http.requests.parameters import header_values

_DEFAULT_PORTS: Final = {"http": ":80", "https": ":443"}
_OWN_SITES: Final = {"same-origin", "none"}  # none: a person entered the address, or opened a bookmark


def is_allowed_origin(origin: str, host: str, origins: Collection[str]) -> bool:
    """Return whether an `Origin` is the server's own or one of `origins`. `host`: the value of the Host field."""
    return origin in origins or _is_same_origin(origin, host)


def is_foreign(scope: Scope, origins: Collection[str]) -> bool:
    """Return whether a browser sends a request for a page of another site, or of another origin of the same site.

    `origins`: the server's own origins behind a proxy. `Sec-Fetch-Site` decides (https://www.w3.org/TR/fetch-metadata/). Browsers send it
    to servers with TLS and on the same machine; without it, an `Origin` must be the server's own.
    """
    sites = header_values(scope, b"sec-fetch-site")
    if sites:
        return not _OWN_SITES.issuperset(sites)
    (host,) = header_values(scope, b"host") or ("",)
    return not all(is_allowed_origin(each, host, origins) for each in header_values(scope, b"origin"))


def _is_same_origin(origin: str, host: str) -> bool:
    """Compare the host and port under which a browser sees a page and the server.

    The schemes are not compared: a proxy may speak HTTPS with the browser, and HTTP with the server.
    """
    scheme, _, authority = origin.partition("://")
    port = _DEFAULT_PORTS.get(scheme)
    return port is not None and authority != "" and authority.removesuffix(port) == host.lower().removesuffix(port)
