"""Access tokens: JSON Web Tokens that an issuer has signed (RFC 7519, RFC 9068), and the senders that their claims describe."""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache
from typing import Final, NamedTuple

from app.access.principal import UNRESTRICTED, Permission, Principal
from app.access.tokens.verifier import InvalidToken, SignedClaims
from app.specification.strict_json import LARGEST_INTEGER, JsonValue

LEEWAY_SECONDS: Final = 30  # the clock of an issuer may be ahead by this much
RESTRICTIONS_CLAIM: Final = "orders_events"
RESTRICTIONS: Final = {"eventTypes": "event_types", "orderIds": "order_ids", "owners": "owners"}
"""The members of the claim, and the fields of `Permission`."""

_REMEMBERED_SCOPES: Final = 64


class TokenRules(NamedTuple):
    """The `iss` that a token must have, a value that its `aud` must have, and the algorithms by which it may be signed."""

    issuer: str
    audience: str
    algorithms: Collection[str]


def principal_of_claims(signed: SignedClaims, rules: TokenRules, now: float) -> Principal:
    """Return the sender that the claims describe, also if the token has expired. Raises InvalidToken if a claim is wrong or missing.

    `now`: seconds since 1970-01-01 UTC.
    """
    claims = signed.claims
    audience = claims.get("aud")
    if claims.get("iss") != rules.issuer:
        raise InvalidToken("issuer")
    if rules.audience not in (audience if isinstance(audience, list) else [audience]):
        raise InvalidToken("audience")
    if _time(claims, "nbf", 0) > now + LEEWAY_SECONDS or _time(claims, "iat", 0) > now + LEEWAY_SECONDS:
        raise InvalidToken("not yet valid")
    subject, scope = claims.get("sub"), claims.get("scope", "")
    if not isinstance(subject, str) or not subject or not isinstance(scope, str):
        raise InvalidToken("claims")
    return Principal(
        issuer=rules.issuer,
        subject=subject,
        scopes=_scopes(scope),
        permission=_permission(claims),
        expires_at=_time(claims, "exp", None),
        key_thumbprint=signed.key_thumbprint,
    )


@lru_cache(maxsize=_REMEMBERED_SCOPES)
def _scopes(text: str) -> frozenset[str]:
    """Return the scopes that a claim names. Most tokens of an issuer name the same ones, so they are in memory once: 400 bytes less for
    each token that is remembered.
    """
    return frozenset(text.split())


def _time(claims: dict[str, JsonValue], name: str, default: float | None) -> float:
    seconds = claims.get(name, default)
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or abs(seconds) > LARGEST_INTEGER:
        raise InvalidToken("claims")
    return seconds


def _permission(claims: dict[str, JsonValue]) -> Permission:
    """Return the restrictions of a token. An unknown one is refused: to ignore it would allow more than the issuer wanted."""
    if RESTRICTIONS_CLAIM not in claims:
        return UNRESTRICTED
    restrictions = claims[RESTRICTIONS_CLAIM]
    if not isinstance(restrictions, dict) or not restrictions.keys() <= RESTRICTIONS.keys():
        raise InvalidToken("claims")
    return Permission(**{RESTRICTIONS[name]: _texts(values) for name, values in restrictions.items()})


def _texts(values: JsonValue) -> frozenset[str]:
    if not isinstance(values, list) or not all(isinstance(each, str) and each for each in values):
        raise InvalidToken("claims")
    return frozenset(str(each) for each in values)
