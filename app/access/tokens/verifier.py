"""The verification of access tokens: their form, their protected header, and the signature over the header and the claims (RFC 7515).

Everything that is unusual about a token is refused, not cleaned. The library joserfc verifies the signature. The JSON of a token is
read here, because joserfc accepts duplicate members, any nesting, and every `typ`.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Collection
from typing import Final, Literal, NamedTuple, TypeAlias

from joserfc.errors import JoseError
from joserfc.jwa import JWSAlgModel
from joserfc.jws import JWSRegistry
from joserfc.util import urlsafe_b64decode

from app.access.tokens.signing_keys import KeySource, VerificationKey
from app.specification.errors import MalformedJson
from app.specification.strict_json import JsonValue, parse_json

MAX_TOKEN_CHARACTERS: Final = 4096  # a token costs little before its signature is verified
TOKEN_TYPE: Final = "at+jwt"  # noqa: S105  # a media type, and no secret: RFC 9068 §2.1
REMEMBERED_HEADERS: Final = 64  # an issuer has one for each of its keys; each is at most 512 bytes long

_FORM: Final = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")


Fault: TypeAlias = Literal[
    "malformed", "signature", "algorithm", "type", "header", "key", "issuer", "audience", "not yet valid", "claims"
]
"""What is wrong with a token that is not accepted, for the operator; clients are not given it."""


class InvalidToken(Exception):
    """Raised when an access token is not accepted, and why."""

    def __init__(self, reason: Fault) -> None:
        super().__init__(reason)
        self.reason = reason


class SignedClaims(NamedTuple):
    """The claims of a token whose signature is right, and the thumbprint of the key that signed it (RFC 7638)."""

    claims: dict[str, JsonValue]
    key_thumbprint: str


class Verifier:
    """Verifies tokens with the keys of an issuer.

    Most tokens of an issuer have the same protected header, byte for byte. The key and the algorithm that follow from a header are
    remembered until the keys change: to find them takes a sixth of the time in which a token is verified. Only a header that is
    accepted is remembered.

    `keys`: the keys that may have signed a token. `algorithms`: those by which a token may be signed.
    """

    def __init__(self, keys: KeySource, algorithms: Collection[str]) -> None:
        self._keys = keys
        self._algorithms = frozenset(algorithms)
        # Unknown header parameters are ignored (RFC 7515 §4).
        self._registry = JWSRegistry(algorithms=list(algorithms), strict_check_header=False)
        self._signers: dict[bytes, _Signer] = {}
        keys.on_changed(self._signers.clear)

    def verify(self, token: str) -> SignedClaims:
        """Verify the form, the header and the signature of a token, and return its claims. Raises InvalidToken."""
        if len(token) > MAX_TOKEN_CHARACTERS or not _FORM.fullmatch(token):
            raise InvalidToken("malformed")
        signed, _, signature = token.encode().rpartition(b".")
        header, _, claims = signed.partition(b".")
        signer = self._signers.get(header) or self._signer(header)
        try:
            is_right = signer.algorithm.verify(signed, urlsafe_b64decode(signature), signer.key.key)
        except (JoseError, ValueError):  # binascii.Error is a ValueError
            raise InvalidToken("signature") from None
        if not is_right:
            raise InvalidToken("signature")
        return SignedClaims(_json_object(claims), signer.key.thumbprint)

    def _signer(self, header: bytes) -> _Signer:
        """Return the signer that a header names, and remember it. `header`: as it is in the token. Raises InvalidToken."""
        signer = self._read_header(header)
        if len(self._signers) >= REMEMBERED_HEADERS:
            del self._signers[next(iter(self._signers))]
        self._signers[header] = signer
        return signer

    def _read_header(self, segment: bytes) -> _Signer:
        header = _json_object(segment)
        algorithm, key_id = header.get("alg"), header.get("kid")
        if not isinstance(algorithm, str) or algorithm not in self._algorithms:
            raise InvalidToken("algorithm")
        if str(header.get("typ")).lower().removeprefix("application/") != TOKEN_TYPE:
            raise InvalidToken("type")
        # No extension is understood, so none may be critical (RFC 7515 §4.1.11), and the payload is never unencoded (RFC 7797 §7).
        if "crit" in header or "b64" in header or not isinstance(key_id, str | None):
            raise InvalidToken("header")
        key = self._keys.find(key_id)
        if key is None:
            raise InvalidToken("key")
        try:
            self._registry.validate_header_size(segment)
            self._registry.check_header(header)
            signer = _Signer(key, self._registry.get_alg(algorithm))
            signer.algorithm.check_key(key.key)
        except JoseError:
            raise InvalidToken("header") from None
        return signer


class _Signer(NamedTuple):
    """A key, and the algorithm by which it signs."""

    key: VerificationKey
    algorithm: JWSAlgModel


def _json_object(segment: bytes) -> dict[str, JsonValue]:
    try:
        value = parse_json(urlsafe_b64decode(segment))
    except (binascii.Error, MalformedJson):
        raise InvalidToken("malformed") from None
    if not isinstance(value, dict):
        raise InvalidToken("malformed")
    return value
