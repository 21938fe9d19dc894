"""Find the origin (scheme, host and port) under which a client sees this server; pages show the origin in their commands."""

from __future__ import annotations

import re
from ipaddress import AddressValueError, IPv6Address
from typing import Final

from starlette.types import Scope

from app.pages.markup.commands import ORIGIN

# Narrower than RFC 9110 §7.2 allows: no host that is in use has quotes, percent signs or user names, and the pages show it in commands
# that readers paste into a shell.
_HOST: Final = re.compile(
    r"(?P<name>[0-9a-z](?:[0-9a-z._-]{0,252})|\[(?P<ipv6>[0-9a-f:.]{2,45})\])(?::(?P<port>[0-9]{1,5}))?"
)
_DEFAULT_PORTS: Final = {"http": "80", "https": "443"}
_MOST_PORT: Final = 65_535


def request_origin(scope: Scope) -> str:
    """Return the origin of a request: its scheme, host and port, written as a browser does, such as https://example.com.

    Returns the default origin if the request has no `Host` header, several of them, or a malformed one.
    """
    hosts = [value for name, value in scope["headers"] if name == b"host"]
    scheme = scope.get("scheme", "http")
    if len(hosts) != 1 or scheme not in _DEFAULT_PORTS:
        return ORIGIN
    found = _HOST.fullmatch(hosts[0].decode("latin-1").lower())
    if found is None or not _is_port(found["port"]) or not _is_ipv6(found["ipv6"]):
        return ORIGIN
    port = "" if found["port"] in (None, _DEFAULT_PORTS[scheme]) else f":{found['port']}"
    return f"{scheme}://{found['name']}{port}"


def _is_port(text: str | None) -> bool:
    return text is None or 0 < int(text) <= _MOST_PORT


def _is_ipv6(text: str | None) -> bool:
    try:
        return text is None or bool(IPv6Address(text))
    except AddressValueError:
        return False
