"""The client that sends a request: who it is, where it is, and the keys under which its streams and its events are counted."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import NamedTuple

from app.access.principal import ANONYMOUS, Principal, pseudonym


class Client(NamedTuple):
    """The sender of a request.

    `principal`: what its access token says. `address`: its IP address; None if it is not known, or is that of a trusted proxy.
    """

    principal: Principal = ANONYMOUS
    address: str | None = None


def principal_key(client: Client) -> tuple[str, str] | None:
    """Return the name of the client's principal; None if it has none, as `ANONYMOUS`, which is any client, and is not counted."""
    principal = client.principal
    return (principal.issuer, principal.subject) if principal.subject else None


def address_key(client: Client) -> str | None:
    """Return the network from which the client comes; None if its address is not known or is this machine, and so is not counted.

    The network of an IPv4 address is the address. The network of an IPv6 address has the length /64, because a single client can use
    all addresses of such a network.
    """
    address = parse_address(client.address)
    if address is None or address.is_loopback:
        return None
    if isinstance(address, IPv6Address):
        return str(IPv6Network((int(address), 64), strict=False))
    return str(address)


def described_client(client: Client) -> dict[str, object]:
    """Return what the log says of a client: its address, and the pseudonym of its principal if it has one."""
    named = {"principal": pseudonym(client.principal)} if client.principal.subject else {}
    return {"client": client.address or "", **named}


def parse_address(text: str | None) -> IPv4Address | IPv6Address | None:
    """Return an address; that of an IPv4 client of an IPv6 socket (::ffff:192.0.2.1) as IPv4. None if the text is not an address."""
    if text is None:
        return None
    try:
        address = ip_address(text)
    except ValueError:
        return None  # a socket in the file system has no address
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
