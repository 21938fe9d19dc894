"""The keys that verify the signatures of access tokens: a secret, or the public keys of an issuer (JWK Set, RFC 7517)."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, Key, OctKey, RSAKey

from app.specification.errors import MalformedJson, StartupError
from app.specification.strict_json import JsonValue, parse_json

SECRET_BYTES: Final = 32  # as many as the hash of HS256 has (RFC 7518 §3.2)
RSA_BITS: Final = 2048  # RFC 7518 §3.3


class VerificationKey(NamedTuple):
    """A key, and the name that it has by its content (RFC 7638); its `kid` may be given to another key later."""

    key: Key
    thumbprint: str

    @property
    def kid(self) -> str | None:
        return self.key.kid


class KeySource(Protocol):
    """Where the key of a token is looked up."""

    def find(self, key_id: str | None) -> VerificationKey | None:
        """Return the key with this `kid`, or the only key if one of the two has no `kid`; None if there is no such key."""
        ...

    def accepts(self, key_thumbprint: str | None) -> bool:
        """Return whether there is still the key with this thumbprint."""
        ...

    def on_changed(self, call: Callable[[], None]) -> None:
        """Call a function whenever the keys have been replaced by others."""
        ...

    def age_seconds(self) -> float | None:
        """Return the time since the keys were read; None if they are never read again."""
        ...


class InvalidKeys(StartupError):
    """Raised when a secret is too short, or when a text is not a JWK Set from which a key can be used."""


class KeySet:
    """Keys that stay the same, by their `kid`; the `kid` of a key that has none is None."""

    def __init__(self, keys: Mapping[str | None, Key]) -> None:
        self._keys = {key_id: VerificationKey(key, key.thumbprint()) for key_id, key in keys.items()}
        self.thumbprints = frozenset(each.thumbprint for each in self._keys.values())

    def find(self, key_id: str | None) -> VerificationKey | None:
        found = self._keys.get(key_id)
        if found is None and len(self._keys) == 1:
            [(only_id, only)] = self._keys.items()
            return only if key_id is None or only_id is None else None
        return found

    def accepts(self, key_thumbprint: str | None) -> bool:
        return key_thumbprint in self.thumbprints

    def on_changed(self, call: Callable[[], None]) -> None:
        """Do nothing: the keys stay the same."""

    def age_seconds(self) -> float | None:
        return None


def read_secret(file: Path) -> KeySet:
    """Read the secret that signs and verifies tokens. Raises InvalidKeys."""
    try:
        return KeySet({None: secret_key(file.read_bytes(), str(file))})
    except OSError as error:
        raise InvalidKeys(f"The secret {file} cannot be read: {error.strerror}.") from None


def secret_key(text: bytes, place: str) -> OctKey:
    """Return a secret as a key. A line end after it is not part of it. `place`: where it is from, for the error. Raises InvalidKeys."""
    secret = text.removesuffix(b"\n").removesuffix(b"\r")
    if len(secret) < SECRET_BYTES:
        raise InvalidKeys(
            f"The secret in {place} has {len(secret)} bytes; it must have at least {SECRET_BYTES}, "
            "for example from: openssl rand -base64 32"
        )
    try:
        return OctKey.import_key(secret)
    except ValueError:
        raise InvalidKeys(f"{place} has a public key, which is not a secret; give it as --jwks.") from None


def read_key_set(text: bytes, place: str) -> KeySet:
    """Read the keys of a JWK Set that can verify signatures. Other keys in it are ignored (RFC 7517 §5).

    `place`: the file or URL of the text, for the error. Raises InvalidKeys if there is no usable key, or if two have the same `kid`.
    """
    try:
        document = parse_json(text)
    except MalformedJson as error:
        raise InvalidKeys(f"{place} is not a JWK Set: {error}") from None
    members = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(members, list):
        raise InvalidKeys(f"{place} is not a JWK Set: it has no list of keys.")
    usable = [key for key in map(_public_key, members) if key is not None]
    keys = {key.kid: key for key in usable}
    if not keys:
        raise InvalidKeys(f"{place} has no public key that can verify signatures.")
    if len(keys) < len(usable):
        raise InvalidKeys(f"{place} has two keys with the same kid.")
    return KeySet(keys)


def _public_key(member: JsonValue) -> Key | None:
    """Import a key; None if it is not of use here. A symmetric key in a published set is not a secret."""
    if not isinstance(member, dict) or member.get("kty") == "oct" or member.get("use", "sig") != "sig":
        return None
    try:
        with warnings.catch_warnings(action="ignore"):  # joserfc warns of a short key, which is refused here
            key = JWKRegistry.import_key({name: value for name, value in member.items() if isinstance(value, str)})
    except (JoseError, ValueError, TypeError, KeyError):
        return None
    too_short = isinstance(key, RSAKey) and key.raw_value.key_size < RSA_BITS
    return None if too_short else key
