"""Access tokens: JSON Web Tokens that an issuer has signed (RFC 7519, RFC 9068), and the senders that they describe.

Everything that is unusual about a token is refused, not cleaned. The library joserfc verifies the signature. The header and the claims
of a token are read and checked here, once: joserfc reads the header by itself, which takes as long as to read both, and it accepts
duplicate claims, any nesting, and every `typ`.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Collection, Sequence
from typing import Final, NamedTuple

from joserfc.errors import JoseError
from joserfc.jwk import Key
from joserfc.jws import CompactSignature, JWSRegistry, validate_compact
from joserfc.util import urlsafe_b64decode

from app.access.principal import UNRESTRICTED, Permission, Principal
from app.access.tokens.signing_keys import KeySource, VerificationKey
from app.specification.errors import MalformedJson
from app.specification.strict_json import JsonValue, parse_json

MAX_TOKEN_CHARACTERS: Final = 4096  # a token costs little before its signature is verified
LEEWAY_SECONDS: Final = 30  # the clock of an issuer may be ahead by this much
RESTRICTIONS_CLAIM: Final = "orders_events"
RESTRICTIONS: Final = {"eventTypes": "event_types", "orderIds": "order_ids", "owners": "owners"}
"""The members of the claim, and the fields of `Permission`."""
TOKEN_TYPE: Final = "at+jwt"  # noqa: S105  # RFC 9068 §2.1

_FORM: Final = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")


class InvalidToken(Exception):
    """Raised when an access token is not accepted. `reason`: a word for the operator; clients are not given it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class TokenRules(NamedTuple):
    """The `iss` that a token must have, a value that its `aud` must have, and the algorithms by which it may be signed."""

    issuer: str
    audience: str
    algorithms: Collection[str]

    def registry(self) -> JWSRegistry:
        """Return the rules for the header as joserfc takes them. Unknown header parameters are ignored (RFC 7515 §4)."""
        return JWSRegistry(algorithms=list(self.algorithms), strict_check_header=False)


class SignedClaims(NamedTuple):
    """The claims of a token whose signature is right, and the key that signed it."""

    claims: dict[str, JsonValue]
    key: VerificationKey


def read_authorization(authorization: Sequence[str]) -> str | None:
    """Return the access token in the values of the header `Authorization`, or of the metadata of a call.

    It is None if there is no value, and "", which is no good token, if there are several or if one has another form.
    """
    if not authorization:
        return None
    scheme, _, token = authorization[0].partition(" ")
    token = token.lstrip(" ")
    is_bearer = scheme.lower() == "bearer"  # RFC 6750 §2.1; the scheme in any case, RFC 9110 §11.1
    return token if is_bearer and len(authorization) == 1 and " " not in token else ""


def verify(token: str, keys: KeySource, registry: JWSRegistry) -> SignedClaims:
    """Verify the form, the header and the signature of a token, and return its claims. Raises InvalidToken."""
    if len(token) > MAX_TOKEN_CHARACTERS or not _FORM.fullmatch(token):
        raise InvalidToken("malformed")
    segments = token.encode().split(b".")
    header, claims = _json_object(segments[0]), _json_object(segments[1])
    algorithm, key_id = header.get("alg"), header.get("kid")
    if algorithm not in (registry.allowed or ()):
        raise InvalidToken("algorithm")
    if str(header.get("typ")).lower().removeprefix("application/") != TOKEN_TYPE:
        raise InvalidToken("type")
    # No extension is understood, so none may be critical (RFC 7515 §4.1.11), and the payload is never unencoded (RFC 7797 §7).
    if "crit" in header or "b64" in header or not isinstance(key_id, str | None):
        raise InvalidToken("header")
    key = keys.find(key_id)
    if key is None:
        raise InvalidToken("key")
    if not _is_signed(header, segments, key.key, registry):
        raise InvalidToken("signature")
    return SignedClaims(claims, key)


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
        scopes=frozenset(scope.split()),
        permission=_permission(claims),
        expires_at=_time(claims, "exp", None),
        key_thumbprint=signed.key.thumbprint,
    )


def _is_signed(header: dict[str, JsonValue], segments: Sequence[bytes], key: Key, registry: JWSRegistry) -> bool:
    """Return whether a key has signed a token. `segments`: its header, its claims and its signature, as they are in the token."""
    signed = CompactSignature(header, b"")
    signed.segments = {"header": segments[0], "payload": segments[1], "signature": segments[2]}
    try:
        registry.validate_header_size(segments[0])
        registry.validate_signature_size(segments[2])
        return validate_compact(signed, key, registry=registry)
    except (JoseError, ValueError):
        return False


def _json_object(segment: bytes) -> dict[str, JsonValue]:
    try:
        value = parse_json(urlsafe_b64decode(segment))
    except (binascii.Error, MalformedJson):
        raise InvalidToken("malformed") from None
    if not isinstance(value, dict):
        raise InvalidToken("malformed")
    return value


def _time(claims: dict[str, JsonValue], name: str, default: float | None) -> float:
    seconds = claims.get(name, default)
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
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
