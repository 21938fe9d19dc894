"""Access tokens for tests, and the settings of a server that accepts them."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Final

from joserfc import jwt
from joserfc.jwk import ECKey, Key, OctKey

ISSUER: Final = "https://issuer.example"
AUDIENCE: Final = "https://orders.example"
SECRET: Final = b"a secret of the tests, of more than 32 bytes"
EVERY_SCOPE: Final = "orders:read orders:publish orders:observe"


def claims(**changes: Any) -> dict[str, Any]:
    """Return the claims of a good token, changed as said; None removes a claim."""
    now = int(time.time())
    good = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "tester",
        "client_id": "tests",
        "iat": now,
        "exp": now + 3600,
        "jti": "1",
        "scope": EVERY_SCOPE,
    }
    return {name: value for name, value in {**good, **changes}.items() if value is not None}


def token(*, header: dict[str, Any] | None = None, key: Key | None = None, **changes: Any) -> str:
    """Return a token that a server with `token_settings` accepts, unless its header, key or claims are changed."""
    signed_by = key or OctKey.import_key(SECRET)
    key_id = {} if key is None or key.kid is None else {"kid": key.kid}
    algorithm = "ES256" if isinstance(key, ECKey) else "HS256"
    head = {"alg": algorithm, "typ": "at+jwt", **key_id, **(header or {})}
    return jwt.encode(head, claims(**changes), signed_by, algorithms=[head["alg"]])


def token_settings(folder: Path) -> list[str]:
    """Return the flags of a server that accepts such tokens. Its secret is a file in `folder`."""
    file = folder / "secret"
    file.write_bytes(SECRET)
    return [
        *("--jwt-secret-file", str(file), "--algorithm", "HS256"),
        *("--issuer", ISSUER, "--audience", AUDIENCE, "--public-url", AUDIENCE),
    ]
