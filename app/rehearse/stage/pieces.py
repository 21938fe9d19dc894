"""How the block of an event is written: unchanged, or in another form that means the same, and in how many pieces."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from app.rehearse.scenario import Writing

BYTE_ORDER_MARK: Final = "\ufeff".encode()

_LONGEST_ID: Final = 64  # the contract's pattern of ids
_FILL: Final = "_"  # no id of the server has this character
_COMMENTS: Final = b": a comment with data: {}\n:\nrehearsal: an unknown field\ndata2: no data\n"


def in_pieces(block: bytes, writing: Writing) -> Sequence[bytes]:
    """Return the pieces in which a block of lines is written. Each is a write of its own, after a short pause."""
    return _WRITERS.get(writing, _whole)(block)


def long_id(id: str) -> str:
    """Return an id of 64 characters that stands for an id of the server."""
    return id.ljust(_LONGEST_ID, _FILL)


def own_id(id: str | None) -> str | None:
    """Return the id of the server that an id stands for."""
    return id.rstrip(_FILL) if id is not None and len(id) == _LONGEST_ID else id


def unescaped(block: bytes) -> bytes:
    """Return the same block with the characters of its data as UTF-8."""
    return re.sub(rb"(?m)^data: (.*)$", lambda found: b"data: " + _as_utf_8(found[1]), block)


def _whole(block: bytes) -> Sequence[bytes]:
    return [block]


def _byte_by_byte(block: bytes) -> Sequence[bytes]:
    return [block[place : place + 1] for place in range(len(block))]


def _with_cr(block: bytes) -> Sequence[bytes]:
    return [piece for piece in re.split(rb"(?<=\r)", block.replace(b"\n", b"\r\n")) if piece]


def _split_characters(block: bytes) -> Sequence[bytes]:
    """Cut after the first byte of each character that has several."""
    return re.split(rb"(?<=[\xc2-\xf4])", unescaped(block))


def _commented(block: bytes) -> Sequence[bytes]:
    first, _, rest = block.partition(b"\n")
    return [_COMMENTS + first + b"\n" + _COMMENTS + rest]


def _with_long_id(block: bytes) -> Sequence[bytes]:
    return [re.sub(rb"(?m)^id: (.*)$", lambda found: b"id: " + long_id(found[1].decode()).encode(), block)]


def _as_utf_8(data: bytes) -> bytes:
    return json.dumps(json.loads(data), ensure_ascii=False, separators=(",", ":")).encode()


_WRITERS: Final[Mapping[Writing, Callable[[bytes], Sequence[bytes]]]] = {
    Writing.BYTE_BY_BYTE: _byte_by_byte,
    Writing.CRLF: _with_cr,
    Writing.UNESCAPED: _split_characters,
    Writing.COMMENTED: _commented,
    Writing.LONG_IDS: _with_long_id,
}
