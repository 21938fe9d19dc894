"""The address of a client behind proxies: what a trusted proxy reports, and never what a client has invented."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from app.access.forwarded import TrustedProxies

PROXIES = TrustedProxies([ip_network(each) for each in ("10.0.0.0/8", "127.0.0.1/32", "2001:db8:1::/48")])
CLIENT = "203.0.113.7"


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "address"),
    [
        (CLIENT, [], CLIENT),
        (CLIENT, ["198.51.100.1"], CLIENT),  # not from a proxy
        ("10.0.0.1", [CLIENT], CLIENT),
        ("::ffff:10.0.0.1", [CLIENT], CLIENT),
        ("10.0.0.1", [f"198.51.100.1, {CLIENT}"], CLIENT),  # the first was sent by the client
        ("10.0.0.1", ["198.51.100.1", CLIENT], CLIENT),
        ("10.0.0.1", [f"198.51.100.1,{CLIENT} , 10.1.2.3,2001:db8:1::5"], CLIENT),
        ("10.0.0.1", [f"{CLIENT}:4711"], CLIENT),
        ("10.0.0.1", ["2001:db8::7"], "2001:db8::7"),
        ("10.0.0.1", ["[2001:db8::7]:4711"], "2001:db8::7"),
        ("10.0.0.1", [], None),
        ("10.0.0.1", ["10.0.0.2"], None),
        ("10.0.0.1", [""], None),
        ("10.0.0.1", [f"{CLIENT}, unknown"], None),  # the proxy does not know it
        ("10.0.0.1", ["localhost"], None),
        (None, [CLIENT], None),
    ],
)
def test_x_forwarded_for(peer: str | None, forwarded_for: list[str], address: str | None) -> None:
    assert PROXIES.client_address(peer, forwarded_for, []) == address


@pytest.mark.parametrize(
    ("forwarded", "address"),
    [
        ([f"for={CLIENT}"], CLIENT),
        ([f"For={CLIENT};proto=https;by=10.0.0.1"], CLIENT),
        ([f"proto=https; for={CLIENT} ;host=a"], CLIENT),
        (['for="[2001:db8::7]:4711"'], "2001:db8::7"),
        ([f'for="{CLIENT}:80"'], CLIENT),
        (["for=198.51.100.1", f"for={CLIENT}, for=10.0.0.2"], CLIENT),
        (["for=_hidden"], None),
        (["for=unknown"], None),
        (["proto=https"], None),
        (['host="for=198.51.100.1"'], None),
        ([f'for="{CLIENT}'], None),
        (["for=198.51.100.1, by=10.0.0.1"], None),
    ],
)
def test_forwarded(forwarded: list[str], address: str | None) -> None:
    assert PROXIES.client_address("10.0.0.1", [], forwarded) == address


def test_x_forwarded_for_counts_if_a_request_has_both() -> None:
    assert PROXIES.client_address("10.0.0.1", [CLIENT], ["for=198.51.100.1"]) == CLIENT


def test_without_trusted_proxies_the_peer_is_the_client() -> None:
    assert TrustedProxies([]).client_address("127.0.0.1", [CLIENT], []) == "127.0.0.1"
