"""The secrets that sign webhooks, and the signature.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md, "Signature scheme"
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import click

PREFIX: Final = "whsec_"
_BYTES: Final = range(24, 65)  # the lengths of a key that the specification allows
_NEW_BYTES: Final = 32


def signature(keys: Sequence[bytes], message_id: str, timestamp: int, body: bytes) -> str:
    """Return the value of the header `webhook-signature`: a signature (HMAC-SHA256) with each key, separated by spaces.

    `timestamp`: when the request is sent, in seconds since 1970. With two keys, a receiver accepts either while the secret is replaced.
    """
    content = b".".join((message_id.encode(), str(timestamp).encode(), body))
    return " ".join(f"v1,{base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode()}" for key in keys)


def read_secrets(path: Path) -> tuple[bytes, ...]:
    """Return the keys of the secrets in a file, one on each line. Raises click.ClickException if a line is not a secret."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").split()
    except OSError as error:
        raise click.ClickException(f"The secrets in {path} cannot be read: {error.strerror or error}.") from None
    if not lines:
        raise click.ClickException(
            f"{path} does not contain a secret. Remove the file, and the command makes a new one."
        )
    return tuple(_key(line, number, path) for number, line in enumerate(lines, 1))


def make_secret(path: Path) -> bool:
    """Write a new secret into a file that only its owner may read, and return True; return False if the file exists. Raises OSError."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return False
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(f"{PREFIX}{base64.b64encode(secrets.token_bytes(_NEW_BYTES)).decode()}\n")
    return True


def _key(line: str, number: int, path: Path) -> bytes:
    # The message names the line and not what is in it: secrets do not belong into logs.
    try:
        key = base64.b64decode(line.removeprefix(PREFIX).encode(), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not line.startswith(PREFIX) or len(key) not in _BYTES:
        raise click.ClickException(
            f"Line {number} of {path} is not a secret: {PREFIX} and the Base64 of {_BYTES[0]} to {_BYTES[-1]} bytes."
        )
    return key
