"""The keys under which the streams and the events of a client are counted."""

from __future__ import annotations

import pytest

from app.access.client import Client, address_key, principal_key
from app.access.principal import SCOPES, Principal

KEYS = {
    "192.0.2.1": "192.0.2.1",
    "::ffff:192.0.2.1": "192.0.2.1",
    "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64",
    "2001:db8:1:2::": "2001:db8:1:2::/64",
    "fe80::1%eth0": "fe80::/64",
    "127.0.0.1": None,
    "127.8.0.1": None,
    "::1": None,
    "::ffff:127.0.0.1": None,
    "/run/front.sock": None,
    "": None,
    None: None,
}


@pytest.mark.parametrize(("address", "key"), KEYS.items(), ids=repr)
def test_an_address_is_counted_by_its_network(address: str | None, key: str | None) -> None:
    assert address_key(Client(address=address)) == key


def test_a_principal_is_counted_by_issuer_and_subject() -> None:
    one, same, other = (
        Client(Principal(issuer, subject, scopes))
        for issuer, subject, scopes in (("a", "b c", SCOPES), ("a", "b c", frozenset[str]()), ("a b", "c", SCOPES))
    )
    assert principal_key(one) == principal_key(same) != principal_key(other)
    assert principal_key(Client()) is None
