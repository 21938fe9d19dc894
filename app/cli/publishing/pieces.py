"""Cut the bytes of a file into pieces, the text of one event each: into lines, or into the elements of a JSON array.

The pieces are not parsed here, and only one piece is kept in memory. After the pieces of each chunk of the file, `None` is yielded:
the file may be a pipe, and the events that have arrived can be sent before the next chunk arrives.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Final, NamedTuple, TypeAlias

from app.sources.ndjson import BLANK

PIECE_BYTES: Final = 4 * 1024 * 1024  # no event is that long; without this limit, a piece could fill the memory

# One of three: a complete JSON string; a bracket, brace or comma; or the opening quote of a string that is not complete yet.
_TOKEN: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+"|[{}\[\],"]', re.DOTALL)
_DEPTH: Final = {b"{": 1, b"[": 1, b"}": -1, b"]": -1}


class Piece(NamedTuple):
    """The text of one event. `number`: its number in the file, from 1. `end`: the offset in the file, in bytes, at which it ends."""

    number: int
    text: bytes
    end: int


class RefusedPiece(NamedTuple):
    """A line or an array element that is refused as an event. `number`: its number in the file, from 1. `reason`: why it is refused."""

    number: int
    reason: str


Pieces: TypeAlias = Iterator[Piece | RefusedPiece | None]


def lines(chunks: Iterable[bytes]) -> Pieces:
    """Cut the chunks of a file into lines. Blank lines are skipped; a line longer than `PIECE_BYTES` is yielded as a `RefusedPiece`."""
    number, end, begun = 1, 0, bytearray()
    for chunk in chain(chunks, [b"\n"]):
        first, *others = chunk.split(b"\n")
        begun += first
        end += len(first)
        for text in others:
            if len(begun) > PIECE_BYTES:
                yield RefusedPiece(number, f"The line is longer than {PIECE_BYTES} bytes.")
            elif begun.strip(BLANK):
                yield Piece(number, bytes(begun), end + 1)
            number, end, begun = number + 1, end + 1 + len(text), bytearray(text)
        del begun[PIECE_BYTES + 1 :]
        yield None


def elements(chunks: Iterable[bytes]) -> Pieces:
    """Cut the chunks of a file, which is a JSON array, into the elements of the array.

    Only brackets, commas and quotes are examined, so an element that is not valid JSON is yielded like the others. Reading stops at the
    end of the array, or at an element that is longer than `PIECE_BYTES`. If this is not the end of the file, or if the file ends before
    the array does, the last item is a `RefusedPiece` with the reason.
    """
    scan, number, end = _Scan(), 1, 0
    chunks = iter(chunks)
    for chunk in chunks:
        begin = 0
        for separator, at in scan.feed(chunk):
            text = scan.text[begin:at]
            begin = at + 1
            if separator == b"," or (separator != b"[" and (number > 1 or text.strip(BLANK))):
                yield Piece(number, text, end + begin)
                number += 1
        if scan.is_closed:
            yield None
            yield from _after(chain([scan.text[begin:]], chunks), number)
            return
        scan.forget(begin)
        end += begin
        if len(scan.text) > PIECE_BYTES:
            yield RefusedPiece(number, f"The element is longer than {PIECE_BYTES} bytes; nothing after it is read.")
            return
        yield None
    yield RefusedPiece(number, "The file ends before the array does.")


class _Scan:
    """A scanner of a JSON array that is read in chunks. `text`: the bytes since the beginning of the last, incomplete element."""

    def __init__(self) -> None:
        self.text = b""
        self._at = 0
        self._depth = 0

    @property
    def is_closed(self) -> bool:
        return self._at > 0 and self._depth == 0

    def feed(self, chunk: bytes) -> Iterator[tuple[bytes, int]]:
        """Append a chunk to `text`, and yield the array's brackets and the commas between its elements, with their offsets in `text`."""
        self.text += chunk
        for found in _TOKEN.finditer(self.text, self._at):
            token = found[0]
            if token == b'"':
                return
            self._at = found.end()
            self._depth += _DEPTH.get(token, 0)
            if self._depth == 0 or (self._depth == 1 and token in {b"[", b","}):
                yield token, found.start()
            if self._depth == 0:
                return

    def forget(self, count: int) -> None:
        """Remove the first `count` bytes of `text`: the elements that are complete."""
        self.text = self.text[count:]
        self._at -= count


def _after(chunks: Iterable[bytes], number: int) -> Iterator[RefusedPiece]:
    if any(chunk.strip(BLANK) for chunk in chunks):
        yield RefusedPiece(number, "There is text after the end of the array.")
