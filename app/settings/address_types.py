"""The types of the settings that are addresses, as parameter types of click: hosts, origins of web pages, and the public URL."""

from __future__ import annotations

import re
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Final

import click

from app.settings.setting_types import shown

_MAPPED_BITS: Final = 96  # of ::ffff:0:0/96, the IPv6 network that has every IPv4 address (RFC 4291 §2.5.5.2)
_NAME: Final = r"[0-9A-Za-z_](?:[0-9A-Za-z._-]{0,251}[0-9A-Za-z_])?"


class Host(click.ParamType[str]):
    """A host name or an IP address."""

    name = "host"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not re.fullmatch(r"[0-9A-Za-z._:%-]+", value):
            self.fail(f"{shown(value)} is not a host name or an IP address.", param, ctx)
        return value


class HostName(click.ParamType[str]):
    """A name by which clients address the server, such as orders.example.com, without a port. It is converted to lower case."""

    name = "host name"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not re.fullmatch(_NAME, value):
            self.fail(f"{shown(value)} is not a host name such as orders.example.com.", param, ctx)
        return value.lower()


class ListenAddress(click.ParamType[tuple[str, int]]):
    """A host and a port to listen on, such as 127.0.0.1:9100 or [::1]:9100."""

    name = "address"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, int]:
        found = re.fullmatch(r"(?:\[([0-9A-Fa-f:.%]+)\]|([0-9A-Za-z._-]+)):([0-9]{1,5})", value)
        if found is None or int(found[3]) > 65_535:
            self.fail(f"{shown(value)} is not an address such as 127.0.0.1:9100 or [::1]:9100.", param, ctx)
        return found[1] or found[2], int(found[3])


class Network(click.ParamType[IPv4Network | IPv6Network]):
    """An IP address, or a network of them such as 10.0.0.0/8."""

    name = "network"

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> IPv4Network | IPv6Network:
        try:
            return _as_seen(ip_network(value))
        except ValueError:
            self.fail(f"{shown(value)} is not an IP address or a network such as 10.0.0.0/8.", param, ctx)


def _as_seen(network: IPv4Network | IPv6Network) -> IPv4Network | IPv6Network:
    """Return a network as the server sees its addresses: those of IPv4 clients of an IPv6 socket (::ffff:192.0.2.1) count as IPv4."""
    mapped = network.network_address.ipv4_mapped if isinstance(network, IPv6Network) else None
    if mapped is None or network.prefixlen < _MAPPED_BITS:
        return network
    return IPv4Network((mapped, network.prefixlen - _MAPPED_BITS))


class PublicUrl(click.ParamType[str]):
    """The URL under which clients reach the server, such as https://example.com/orders: scheme, host, port and path prefix.

    It is compared with the audience of tokens and is shown in shell commands, so other forms of the same URL are refused. Only a slash at
    the end is removed.
    """

    name = "url"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        url = value.removesuffix("/")
        host = rf"(?:{_NAME}|\[[0-9a-f:.]+\])"
        well_formed = re.fullmatch(rf"https?://{host}(?::[1-9][0-9]{{0,4}})?(?:/[0-9A-Za-z_~-][0-9A-Za-z._~-]*)*", url)
        authority = url.split("/")[2] if well_formed else ""
        if authority != authority.lower() or not authority or _has_default_port(url):
            self.fail(
                f"{shown(value)} is not a URL such as https://example.com/orders: http or https, a host in lower case, a port unless it "
                "is the default one, and perhaps a path.",
                param,
                ctx,
            )
        return url


class Origin(click.ParamType[str]):
    """The origin of a web page, such as https://shop.example, in exactly the form in which browsers send it.

    Any other form is refused, because it would never equal the Origin header of a request.
    https://html.spec.whatwg.org/multipage/browsers.html#ascii-serialisation-of-an-origin
    """

    name = "origin"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        well_formed = re.fullmatch(r"[a-z][a-z0-9+.-]*://([a-z0-9._-]+|\[[0-9a-f:.]+\])(:[1-9][0-9]{0,4})?", value)
        if well_formed is None or _has_default_port(value):
            self.fail(
                f"{shown(value)} is not an origin as browsers send it: scheme://host[:port] in lower case, such as "
                "http://localhost:3000, without a path, a *, or the default port. (A page that is opened as a file has none.)",
                param,
                ctx,
            )
        return value


def is_loopback(host: str) -> bool:
    """Return whether a host name or an IP address certainly stands for this machine alone."""
    try:
        return host.lower() == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _has_default_port(url: str) -> bool:
    return re.fullmatch(r"(?:http://[^/]*:80|https://[^/]*:443)(?:/.*)?", url) is not None
