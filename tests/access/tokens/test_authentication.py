"""A token is accepted if an issuer has signed it for this server; every other token is refused in the same way."""

from __future__ import annotations

import time
from typing import Any

import pytest
from joserfc.jwk import OctKey

from app.access.errors import TokenExpired, Unauthenticated
from app.access.principal import ANONYMOUS, OBSERVE, PUBLISH, READ, Permission
from app.access.tokens.access_token import LEEWAY_SECONDS, TokenRules
from app.access.tokens.authentication import NoAuthentication
from app.access.tokens.signing_keys import KeySet
from app.access.tokens.token_authentication import REMEMBERED_TOKENS, TokenAuthentication
from tests.support.bad_tokens import bad_tokens
from tests.support.tokens import AUDIENCE, ISSUER, SECRET, token


@pytest.fixture
def authentication() -> TokenAuthentication:
    keys = KeySet({None: OctKey.import_key(SECRET)})
    return TokenAuthentication(keys, TokenRules(ISSUER, AUDIENCE, ["HS256"]))


def test_a_good_token_says_who_sent_a_request_and_what_is_allowed(authentication: TokenAuthentication) -> None:
    restrictions = {"eventTypes": ["order.shipped"], "orderIds": [], "owners": ["m_1", "m_2"]}
    principal = authentication.authenticate(token(sub="shop", exp=2**40, orders_events=restrictions))

    assert (principal.issuer, principal.subject, principal.expires_at) == (ISSUER, "shop", 2**40)
    assert principal.scopes == {READ, PUBLISH, OBSERVE}
    assert principal.permission == Permission(frozenset({"order.shipped"}), frozenset(), frozenset({"m_1", "m_2"}))


def test_a_token_without_restrictions_is_for_all_events(authentication: TokenAuthentication) -> None:
    principal = authentication.authenticate(token(aud=[AUDIENCE, "https://other.example"], scope=None))

    assert not principal.permission.is_restricted
    assert principal.scopes == set()


@pytest.mark.parametrize("name", bad_tokens())
def test_a_bad_token_is_refused_without_a_reason(authentication: TokenAuthentication, name: str) -> None:
    with pytest.raises(Unauthenticated) as refused:
        authentication.authenticate(bad_tokens()[name])

    assert not isinstance(refused.value, TokenExpired)
    assert str(refused.value) == "The request needs a valid access token."
    assert refused.value.__cause__ is None
    assert authentication.failures.total() == 1


def test_a_missing_token_is_refused(authentication: TokenAuthentication) -> None:
    with pytest.raises(Unauthenticated):
        authentication.authenticate(None)


def test_a_token_that_expired_a_short_time_ago_is_refused_with_its_sender(authentication: TokenAuthentication) -> None:
    with pytest.raises(TokenExpired) as expired:
        authentication.authenticate(token(sub="shop", exp=int(time.time()) - 590))

    assert expired.value.principal.subject == "shop"


@pytest.mark.parametrize("claim", ["iat", "nbf"])
def test_the_clock_of_an_issuer_may_be_ahead_by_half_a_minute(claim: str) -> None:
    now = int(time.time())
    keys = KeySet({None: OctKey.import_key(SECRET)})
    authentication = TokenAuthentication(keys, TokenRules(ISSUER, AUDIENCE, ["HS256"]), lambda: now)
    ahead: dict[str, Any] = {claim: now + LEEWAY_SECONDS}
    authentication.authenticate(token(**ahead))
    ahead[claim] += 1
    with pytest.raises(Unauthenticated):
        authentication.authenticate(token(**ahead))


def test_a_server_without_keys_takes_every_sender_for_anonymous() -> None:
    assert NoAuthentication().authenticate(None) is ANONYMOUS
    assert NoAuthentication().authenticate("anything") is ANONYMOUS


def test_a_token_that_was_accepted_before_is_refused_once_it_has_expired() -> None:
    now = [time.time()]
    keys = KeySet({None: OctKey.import_key(SECRET)})
    authentication = TokenAuthentication(keys, TokenRules(ISSUER, AUDIENCE, ["HS256"]), lambda: now[0])
    sent = token(exp=int(now[0]) + 10)

    assert authentication.authenticate(sent) == authentication.authenticate(sent)
    now[0] += 11
    with pytest.raises(TokenExpired):
        authentication.authenticate(sent)
    now[0] += 600
    with pytest.raises(Unauthenticated) as refused:
        authentication.authenticate(sent)
    assert not isinstance(refused.value, TokenExpired)


def test_tokens_that_are_remembered_are_few() -> None:
    keys = KeySet({None: OctKey.import_key(SECRET)})
    authentication = TokenAuthentication(keys, TokenRules(ISSUER, AUDIENCE, ["HS256"]))
    for number in range(REMEMBERED_TOKENS + 5):
        assert authentication.authenticate(token(sub=str(number))).subject == str(number)
    for name in bad_tokens().values():
        with pytest.raises(Unauthenticated):
            authentication.authenticate(name)

    assert len(authentication._senders) == REMEMBERED_TOKENS
