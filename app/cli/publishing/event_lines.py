"""Read a file of events in batches, however long the file is.

A pipe is read as its writer writes: a batch ends when it is full, or when there is nothing more to read right now.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple, Protocol

from app.sources.ndjson import BLANK, read_event
from app.specification.errors import MalformedJson
from app.specification.strict_json import JsonValue

CHUNK_BYTES: Final = 256 * 1024
BATCH_BYTES: Final = 512 * 1024  # servers and proxies commonly take a megabyte
LINE_BYTES: Final = 4 * 1024 * 1024  # no event is that long; without a bound on lines there is none on memory


class BinaryFile(Protocol):
    """A binary file that can return what is there without waiting for more, as `io.BufferedReader` does."""

    def fileno(self) -> int:
        """Name the file to the operating system."""

    def read1(self, size: int, /) -> bytes:
        """Read at most `size` bytes with one system call at most; none at the end of the file."""


class Line(NamedTuple):
    """An event to send, and the number of its line (from 1)."""

    number: int
    event: dict[str, JsonValue]


class RefusedLine(NamedTuple):
    """A line that is not stored, and why."""

    number: int
    reason: str


@dataclass(slots=True)
class Batch:
    """Lines to send together, lines that hold no JSON, and how many bytes of the file came before its end."""

    lines: list[Line] = field(default_factory=list)
    refused: list[RefusedLine] = field(default_factory=list)
    bytes_read: int = 0


def read_batches(file: BinaryFile, batch_size: int) -> Iterator[Batch]:
    """Read a file to its end, in batches of at most `batch_size` events; blank lines are skipped."""
    batch, batch_bytes, number, bytes_read = Batch(), 0, 0, 0
    for text in _texts(file):
        if text is None or len(batch.lines) == batch_size or batch_bytes > BATCH_BYTES:
            batch.bytes_read = bytes_read
            yield batch
            batch, batch_bytes = Batch(), 0
        if text is None:
            continue
        number += 1
        bytes_read += len(text)
        if not text.strip(BLANK):
            continue
        read = _read(number, text)
        if isinstance(read, RefusedLine):
            batch.refused.append(read)
        else:
            batch.lines.append(read)
            batch_bytes += len(text)


def _read(number: int, text: bytes) -> Line | RefusedLine:
    if len(text) > LINE_BYTES:
        return RefusedLine(number, f"The line is longer than {LINE_BYTES} bytes.")
    try:
        event = read_event(number, text)
    except MalformedJson as malformed:
        return RefusedLine(number, str(malformed))
    if not isinstance(event, dict):
        return RefusedLine(number, 'An event is a JSON object, such as {"eventType": ..., "data": {...}}.')
    return Line(number, event)


def _texts(file: BinaryFile) -> Iterator[bytes | None]:
    """Yield line by line, and None after each read; a line that is too long is cut where that shows."""
    begun = bytearray()
    while chunk := file.read1(CHUNK_BYTES):
        first, *others = chunk.split(b"\n")
        begun += first
        for text in others:
            yield bytes(begun) + b"\n"
            begun = bytearray(text)
        del begun[LINE_BYTES + 1 :]
        yield None
    yield bytes(begun)
    yield None
