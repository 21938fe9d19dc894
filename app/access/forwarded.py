"""The address of a client behind proxies: proxies that the operator trusts report it in a header of each request.

A client can send such a header itself, so it counts only if it comes from a trusted proxy, and only up to the first address that is not
one: each proxy appends the address from which it received the request, and what is before the address that the first trusted proxy has
appended, the client may have invented.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Network, IPv6Network
from typing import Final, TypeAlias

from app.access.client import parse_address

Network: TypeAlias = IPv4Network | IPv6Network

_FOR: Final = re.compile(r'(?:^|;)\s*for=("[^"]*"|[^;"\s]*)\s*(?=;|$)', re.IGNORECASE)  # RFC 7239 §4
_WITH_PORT: Final = re.compile(r"\[([^\]]*)\](?::[0-9]+)?|([0-9.]+):[0-9]+")


class TrustedProxies:
    """The proxies that may report the address of a client. `networks`: their addresses; if there are none, no proxy is trusted."""

    def __init__(self, networks: Sequence[Network]) -> None:
        self._networks = networks

    def client_address(self, peer: str | None, forwarded_for: Iterable[str], forwarded: Iterable[str]) -> str | None:
        """Return the IP address of the client that has sent a request; None if it is not known, or is that of a trusted proxy.

        `peer`: the address at the other end of the connection. `forwarded_for`, `forwarded`: the values of the headers X-Forwarded-For
        and Forwarded (RFC 7239). If a request has both, X-Forwarded-For counts: proxies commonly append to that one, and pass the other
        on as the client has sent it.
        """
        if not self._is_trusted(peer):
            return peer
        hops = [each.strip() for value in forwarded_for for each in value.split(",")]
        hops = hops or [_for(each) for value in forwarded for each in value.split(",")]
        address = next((each for each in map(_without_port, reversed(hops)) if not self._is_trusted(each)), None)
        return None if parse_address(address) is None else address

    def _is_trusted(self, text: str | None) -> bool:
        address = parse_address(text)
        return address is not None and any(address in network for network in self._networks)


def _for(element: str) -> str:
    """Return the node identifier in the parameter `for` of an element of the header Forwarded; "" if there is none."""
    found = _FOR.search(element)
    return found[1].strip('"') if found else ""


def _without_port(node: str) -> str:
    found = _WITH_PORT.fullmatch(node)
    return (found[1] or found[2]) if found else node
