"""Cut the bytes of a file into pieces, one for each event: into lines, or into the elements of a JSON array.

Nothing is parsed here, and only one piece is kept in memory. A pipe is read as its writer writes: `None` follows the pieces of each
read, so that they can be sent before more arrives.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Final, NamedTuple, TypeAlias

from app.sources.ndjson import BLANK

PIECE_BYTES: Final = 4 * 1024 * 1024  # no event is that long; without a bound on pieces there is none on memory

# A string that ends in this chunk, a character that structures JSON, or the quote of a string that ends in a later chunk.
_TOKEN: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+"|[{}\[\],"]', re.DOTALL)
_DEPTH: Final = {b"{": 1, b"[": 1, b"}": -1, b"]": -1}


class Piece(NamedTuple):
    """The text of one event: its number in the file (from 1), and how many bytes of the file come before its end."""

    number: int
    text: bytes
    end: int


class RefusedPiece(NamedTuple):
    """A piece that is not stored, and the reason."""

    number: int
    reason: str


Pieces: TypeAlias = Iterator[Piece | RefusedPiece | None]


def lines(chunks: Iterable[bytes]) -> Pieces:
    """Cut into lines, and leave out blank ones; a line that is too long is refused."""
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
    """Cut a JSON array into its elements.

    Only brackets, commas and quotes are looked at, so an element that is not valid JSON is cut like the others. Reading stops at the
    end of the array or at an element that is too long; if the file does not end there, a refused piece says so.
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
    """The scan of an array, from chunk to chunk; `text` is kept from the begin of the element that has not ended."""

    def __init__(self) -> None:
        self.text = b""
        self._at = 0
        self._depth = 0

    @property
    def is_closed(self) -> bool:
        return self._at > 0 and self._depth == 0

    def feed(self, chunk: bytes) -> Iterator[tuple[bytes, int]]:
        """Return the brackets of the array and the commas between its elements, each with its place in the text."""
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
        """Drop the first bytes of the text: elements that have ended."""
        self.text = self.text[count:]
        self._at -= count


def _after(chunks: Iterable[bytes], number: int) -> Iterator[RefusedPiece]:
    if any(chunk.strip(BLANK) for chunk in chunks):
        yield RefusedPiece(number, "There is text after the end of the array.")
