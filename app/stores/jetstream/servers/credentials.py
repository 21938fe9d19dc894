"""A file of NATS credentials: the JWT of a user, and the seed of the key with which the user signs (`nsc generate creds` writes it).

nats-py would read it with nkeys, which has no wheels; the signature is plain Ed25519 (RFC 8032).
"""

from __future__ import annotations

import base64
import re
from pathlib import Path

_JWT = re.compile(r"-+BEGIN NATS USER JWT-+\s+(\S+)")
_SEED = re.compile(r"-+BEGIN USER NKEY SEED-+\s+(\S+)")
_PREFIX_BYTES = 2  # the kind of the key: the seed of a user
_SEED_BYTES = 32


def read_jwt(file: Path) -> bytes:
    """Return the JWT in a file of credentials. Raises OSError, or ValueError if the file has none."""
    return _find(_JWT, file).encode()


def sign(file: Path, nonce: str) -> bytes:
    """Return the signature of a server's challenge by the key in a file of credentials, in Base64. Raises OSError or ValueError."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415 - seldom needed

    text = _find(_SEED, file)
    seed = base64.b32decode(text + "=" * (-len(text) % 8))[_PREFIX_BYTES:][:_SEED_BYTES]
    return base64.b64encode(Ed25519PrivateKey.from_private_bytes(seed).sign(nonce.encode()))


def _find(pattern: re.Pattern[str], file: Path) -> str:
    match = pattern.search(file.read_text())
    if match is None:
        raise ValueError(f"{file} is not a file of NATS credentials")
    return match[1]
