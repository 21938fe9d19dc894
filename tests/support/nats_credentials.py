"""Credentials for NATS servers in tests: an operator, an account and users with certain rights, as `nsc` makes them.

A key is written in Base32 with a prefix and a checksum; a token is a JWT that an Ed25519 key signs
(https://docs.nats.io/running-a-nats-service/configuration/securing_nats/auth_intro/jwt).
"""

from __future__ import annotations

import base64
import binascii
import json
import time
from collections.abc import Sequence
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

OPERATOR, ACCOUNT, USER = 14 << 3, 0, 20 << 3  # written as O, A and U
_SEED = 18 << 3  # written as S

_CREDENTIALS = """\
-----BEGIN NATS USER JWT-----
{jwt}
------END NATS USER JWT------

-----BEGIN USER NKEY SEED-----
{seed}
------END USER NKEY SEED------
"""


class NatsKey:
    """The key of an operator, an account or a user. `name`: its public key."""

    def __init__(self, kind: int) -> None:
        self._key = Ed25519PrivateKey.generate()
        self._kind = kind
        self.name = _encode(bytes([kind]) + self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))

    @property
    def seed(self) -> str:
        prefix = bytes([_SEED | self._kind >> 5, (self._kind & 31) << 3])
        return _encode(prefix + self._key.private_bytes_raw())

    def sign(self, subject: str, claims: dict[str, object]) -> str:
        """Return a JWT about a subject, with the claims for NATS."""
        body = {
            "iat": int(time.time()),
            "iss": self.name,
            "sub": subject,
            "jti": "test",
            "nats": {"version": 2, **claims},
        }
        signed = f"{_base64({'typ': 'JWT', 'alg': 'ed25519-nkey'})}.{_base64(body)}"
        return f"{signed}.{_unpadded(self._key.sign(signed.encode()))}"


class NatsAccounts:
    """An operator with one account that may use JetStream. `configuration`: the lines for the servers."""

    def __init__(self) -> None:
        operator, system, self._account = NatsKey(OPERATOR), NatsKey(ACCOUNT), NatsKey(ACCOUNT)
        names = "mem_storage disk_storage streams consumer subs data payload imports exports conn leaf"
        unlimited = {**dict.fromkeys(names.split(), -1), "wildcards": True}
        accounts = {
            key.name: operator.sign(key.name, {"type": "account", "limits": limits})
            for key, limits in (
                (self._account, unlimited),
                (system, {**unlimited, "mem_storage": 0, "disk_storage": 0, "streams": 0, "consumer": 0}),
            )
        }
        preloaded = "".join(f"  {name}: {jwt}\n" for name, jwt in accounts.items())
        self.configuration = (
            f"operator: {operator.sign(operator.name, {'type': 'operator'})}\n"
            f"system_account: {system.name}\n"
            f"resolver: MEMORY\nresolver_preload: {{\n{preloaded}}}\n"
        )

    def write_credentials(self, file: Path, publish: Sequence[str], subscribe: Sequence[str]) -> Path:
        """Write the credentials of a new user that may publish and subscribe to certain subjects only."""
        user = NatsKey(USER)
        rights = {"pub": {"allow": list(publish)}, "sub": {"allow": list(subscribe)}}
        unlimited = {"subs": -1, "data": -1, "payload": -1}
        jwt = self._account.sign(user.name, {"type": "user", **rights, **unlimited})
        file.write_text(_CREDENTIALS.format(jwt=jwt, seed=user.seed))
        return file


def _encode(key: bytes) -> str:
    checksum = binascii.crc_hqx(key, 0).to_bytes(2, "little")
    return base64.b32encode(key + checksum).decode().rstrip("=")


def _base64(value: object) -> str:
    return _unpadded(json.dumps(value).encode())


def _unpadded(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode().rstrip("=")
