"""Issue access tokens, for development and tests. In production an authorization server does this, and keeps the private key."""

from __future__ import annotations

import secrets
from typing import Final, NamedTuple

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, JWKRegistry, Key, OctKey, OKPKey, RSAKey

from app.access.principal import Principal
from app.access.tokens.access_token import RESTRICTIONS, RESTRICTIONS_CLAIM
from app.access.tokens.signing_keys import InvalidKeys, secret_key
from app.access.tokens.verifier import TOKEN_TYPE
from app.specification.errors import MalformedJson
from app.specification.strict_json import parse_json

_PEM: Final = b"-----BEGIN "
_ALGORITHM_OF_CURVE: Final = {"P-256": "ES256", "P-384": "ES384", "P-521": "ES512", "Ed25519": "Ed25519"}


class Signer(NamedTuple):
    """A secret or private key, and the algorithm with which it signs."""

    key: Key
    algorithm: str


def read_signer(text: bytes, place: str) -> Signer:
    """Read a private key (PEM, or a JWK as JSON), or else a secret. `place`: where the text is from, for the error. Raises InvalidKeys."""
    key = _jwk(text) or _pem(text) if text.lstrip().startswith((b"{", _PEM)) else secret_key(text, place)
    algorithm = _algorithm(key) if key is not None and key.is_private else None
    if key is None or algorithm is None:
        raise InvalidKeys(f"{place} has no private key that can sign tokens.")
    return Signer(key, algorithm)


def issue_token(signer: Signer, principal: Principal, audience: str, now: float) -> str:
    """Return an access token (RFC 9068) that describes a principal. `now`: seconds since 1970-01-01 UTC."""
    permission = {name: getattr(principal.permission, field) for name, field in RESTRICTIONS.items()}
    restrictions = {name: sorted(values) for name, values in permission.items() if values is not None}
    claims = {
        "iss": principal.issuer,
        "sub": principal.subject,
        "aud": audience,
        "client_id": principal.subject,
        "iat": int(now),
        "exp": principal.expires_at,
        "jti": secrets.token_urlsafe(12),
        "scope": " ".join(sorted(principal.scopes)),
        **({RESTRICTIONS_CLAIM: restrictions} if restrictions else {}),
    }
    key_id = {} if signer.key.kid is None else {"kid": signer.key.kid}
    header = {"alg": signer.algorithm, "typ": TOKEN_TYPE, **key_id}
    return jwt.encode(header, claims, signer.key, algorithms=[signer.algorithm])


def _jwk(text: bytes) -> Key | None:
    try:
        document = parse_json(text)
        return JWKRegistry.import_key(document) if isinstance(document, dict) else None  # type: ignore[arg-type]  # joserfc wants to know the members, and raises for wrong ones
    except (MalformedJson, JoseError, ValueError, TypeError, KeyError):
        return None


def _pem(text: bytes) -> Key | None:
    kinds: tuple[type[RSAKey | ECKey | OKPKey], ...] = (RSAKey, ECKey, OKPKey)
    for kind in kinds:
        try:
            return kind.import_key(text)
        except (JoseError, ValueError, TypeError):
            continue
    return None


def _algorithm(key: Key) -> str | None:
    match key:
        case OctKey():
            return "HS256"
        case RSAKey():
            return "RS256"
        case _:
            return _ALGORITHM_OF_CURVE.get(key.curve_name)
