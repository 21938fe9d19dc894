"""Opaque ids: the ids that readers are sent if they may not see every event of the log.

A position shows how many events the log has. Two of them show how many events of other owners were stored between them. An opaque id is a
position that is encrypted with a key of the log (`Opened.id_key`), so it shows nothing, and still works after a restart, in a
restored backup, and on every server of the log.

    epoch   48 bits   the name of the epoch as a number: a made-up id has a known epoch with a chance of 1 in 2^48 for each epoch
    offset  48 bits   enough for 80 years at 100,000 events a second
    nonce   32 bits   0 for an event; for the place of a reader the next number, from a random one at the start of the server

These 128 bits are one block of AES, which is written as 22 characters of base64url
(https://www.rfc-editor.org/rfc/rfc4648#section-5). An event has the same id for every reader, so that its encoded form can be shared.
The place of a reader has a new id each time (2^32 times): otherwise two equal ids would show that nothing was stored between them.
"""

from __future__ import annotations

import re
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable
from itertools import count
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from app.events.position import EPOCH_ALPHABET, EPOCH_LENGTH, OpaqueId, Position

_FORM: Final = re.compile(
    r"[0-9A-Za-z_-]{21}[AQgw]"
)  # only two bits are in the last character: an id has no second form
_CHARACTERS: Final = 22
_BLOCK_BYTES: Final = 16
_EPOCH_SHIFT: Final = 80
_OFFSET_SHIFT: Final = 32
_OFFSET_MASK: Final = 2**48 - 1
_NONCES: Final = 2**32 - 1  # 0 is for events
_PADDING: Final = "=="


class OpaqueIds:
    """The encryption of positions as opaque ids. `key`: 16 random bytes, always the same ones for a log."""

    def __init__(self, key: bytes) -> None:
        # ECB, because each block is encrypted alone, and no two blocks are equal that must not look equal.
        cipher = Cipher(algorithms.AES(key), modes.ECB())  # noqa: S305 - for single blocks, see above
        self._encrypt = cipher.encryptor().update
        self._decrypt = cipher.decryptor().update
        self._nonces = count(secrets.randbelow(_NONCES))

    def of_events(self, positions: Iterable[tuple[str, int | str]]) -> list[OpaqueId]:
        """Return the ids of events, each always the same. `positions`: the epoch and the offset of each event."""
        blocks = [_block(epoch, int(offset), 0) for epoch, offset in positions]
        encrypted = self._encrypt(b"".join(blocks))  # in one call, which takes half the time
        return [_text(encrypted[start : start + _BLOCK_BYTES]) for start in range(0, len(encrypted), _BLOCK_BYTES)]

    def of_place(self, position: Position) -> OpaqueId:
        """Return a new id for the place of a reader in the log."""
        return _text(self._encrypt(_block(*position, 1 + next(self._nonces) % _NONCES)))

    def position(self, text: str) -> Position | None:
        """Return the position that an id stands for; None if the text does not have the form of an opaque id.

        Any text of that form stands for a position. A made-up one is of an epoch that the log does not have.
        """
        if _FORM.fullmatch(text) is None:
            return None
        bits = int.from_bytes(self._decrypt(urlsafe_b64decode(text + _PADDING)))
        return Position(_epoch(bits >> _EPOCH_SHIFT), bits >> _OFFSET_SHIFT & _OFFSET_MASK)


def _block(epoch: str, offset: int, nonce: int) -> bytes:
    return (int(epoch, len(EPOCH_ALPHABET)) << _EPOCH_SHIFT | offset << _OFFSET_SHIFT | nonce).to_bytes(_BLOCK_BYTES)


def _text(block: bytes) -> OpaqueId:
    return OpaqueId(urlsafe_b64encode(block)[:_CHARACTERS].decode("ascii"))


def _epoch(number: int) -> str:
    """Return the name of an epoch; a name of another length, which no epoch has, if the number is too large."""
    name = ""
    while number or len(name) < EPOCH_LENGTH:
        number, digit = divmod(number, len(EPOCH_ALPHABET))
        name = EPOCH_ALPHABET[digit] + name
    return name
