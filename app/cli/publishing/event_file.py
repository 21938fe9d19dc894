"""Open a file of events: detect its format, and refuse a file that does not contain events before anything is sent."""

from __future__ import annotations

import codecs
import os
import shlex
import stat
from collections.abc import Iterable, Iterator
from itertools import chain
from string import Template
from typing import Final, NamedTuple, Protocol

import click

from app.cli.publishing.pieces import Pieces, elements, lines
from app.sources.ndjson import BLANK

CHUNK_BYTES: Final = 256 * 1024

_SHOWN_CHARACTERS: Final = 60  # of a line that is not an event, in an error message
_JSON: Final = 'publish reads JSON, one event a line or an array of events: {"eventType": "...", "data": {...}}.'
_COMPRESSED: Final = "$file is compressed. Decompress it: {} -dc $file | orders-events publish -"
_SPREADSHEET: Final = f"$file is a spreadsheet or an archive. Convert its rows: {_JSON}"
_RECODED: Final = "$file is not UTF-8 text but {0}. Convert it: iconv -f {0} -t UTF-8 $file | orders-events publish -"
_LATIN_1: Final = (
    "If that is a letter in Latin-1, convert it: iconv -f ISO-8859-1 -t UTF-8 $file | orders-events publish -"
)
_PRETTY: Final = "$file has an event over several lines. Write one a line: jq -c . $file | orders-events publish -"
_CSV: Final = f"$file looks like CSV, for it begins with $line. Convert its rows: {_JSON}"
_NOT_JSON: Final = f"$file is not JSON, for it begins with $line. {_JSON}"

_SIGNATURES: Final = (
    (b"\x1f\x8b", _COMPRESSED.format("gzip")),
    (b"BZh", _COMPRESSED.format("bzip2")),
    (b"\xfd7zXZ\x00", _COMPRESSED.format("xz")),
    (b"\x28\xb5\x2f\xfd", _COMPRESSED.format("zstd")),
    (b"PK\x03\x04", _SPREADSHEET),  # .xlsx, .ods, .zip
    (b"\xd0\xcf\x11\xe0", _SPREADSHEET),  # .xls
    # UTF-32 before UTF-16: the byte order mark of UTF-16LE is the beginning of that of UTF-32LE.
    (codecs.BOM_UTF32_LE, _RECODED.format("UTF-32")),
    (codecs.BOM_UTF32_BE, _RECODED.format("UTF-32")),
    (codecs.BOM_UTF16_LE, _RECODED.format("UTF-16")),
    (codecs.BOM_UTF16_BE, _RECODED.format("UTF-16")),
    (b"{\0", _RECODED.format("UTF-16LE")),
    (b"[\0", _RECODED.format("UTF-16LE")),
    (b"\0{", _RECODED.format("UTF-16BE")),
    (b"\0[", _RECODED.format("UTF-16BE")),
)
"""The first bytes of files in formats that are refused, and the error message for each format."""


class BinaryFile(Protocol):
    """A binary file whose `read1` returns the bytes that are already available, without waiting for more, as in `io.BufferedReader`."""

    @property
    def name(self) -> str | int:
        """The path of the file; "<stdin>" for standard input."""

    def fileno(self) -> int:
        """Return the file descriptor."""

    def read1(self, size: int, /) -> bytes:
        """Read at most `size` bytes with one system call at most; b"" at the end of the file."""

    def tell(self) -> int:
        """Return the current offset in the file, in bytes."""

    def seek(self, offset: int, /) -> int:
        """Move to an offset in the file, in bytes, and return the offset."""


class NotEvents(click.ClickException):
    """Raised when a file does not contain events, before anything is sent. The message advises what to do; the exit code is 1."""


class EventFile(NamedTuple):
    """A file of events.

    `pieces`: the file, cut into the text of one event each. `unit`: the word for a piece in messages, "line" or "event".
    `size_bytes`: the size of the file; None for a pipe, whose size is unknown.
    """

    pieces: Pieces
    unit: str
    size_bytes: int | None


def open_events(file: BinaryFile) -> EventFile:
    """Detect whether a file has an event on each line or is an array of events. Raises NotEvents if the file has another format.

    A regular file is first read as a whole, to find bytes that are not UTF-8. A pipe can be read only once, so only its first bytes
    are checked.
    """
    name = "-" if file.name == "<stdin>" else shlex.quote(str(file.name))
    status = os.fstat(file.fileno())
    size_bytes = status.st_size if stat.S_ISREG(status.st_mode) else None
    begin = 0 if size_bytes is None else file.tell()
    chunks = _chunks(file, name)
    head = _head(chunks)
    problem = _foreign(head) or _undecodable([head] if size_bytes is None else chain([head], chunks))
    if problem is not None:
        message = Template(problem).substitute(file=name, line=repr(_first_line(head)[:_SHOWN_CHARACTERS]))
        raise NotEvents(f"{message} Nothing was sent.")
    content = head.removeprefix(codecs.BOM_UTF8)
    if size_bytes is not None:
        file.seek(begin + len(head))
    chunks = chain([content], _chunks(file, name))
    if content.lstrip(BLANK).startswith(b"["):
        return EventFile(elements(chunks), "event", size_bytes)
    return EventFile(lines(chunks), "line", size_bytes)


def _chunks(file: BinaryFile, name: str) -> Iterator[bytes]:
    try:
        while chunk := file.read1(CHUNK_BYTES):
            yield chunk
    except OSError as error:
        raise click.ClickException(f"{name} cannot be read: {error.strerror}.") from None


def _head(chunks: Iterator[bytes]) -> bytes:
    """Return the first bytes of the file: through the first line that is not blank. If that line begins an array, it may be incomplete."""
    head = b""
    for chunk in chunks:
        head += chunk
        begun = head.lstrip(BLANK)
        if b"\n" in begun or begun.startswith(b"[") or len(head) >= CHUNK_BYTES:
            break
    return head


def _foreign(head: bytes) -> str | None:
    """Return an error message if the first bytes show that the file does not contain events; None if it may contain events."""
    for signature, message in _SIGNATURES:
        if head.startswith(signature):
            return message
    line = _first_line(head)
    if line == "{":
        return _PRETTY
    if line[:1] in {"", "{", "["}:
        return None
    return _CSV if any(separator in line for separator in ",;\t") else _NOT_JSON


def _first_line(head: bytes) -> str:
    line, _, _ = head.removeprefix(codecs.BOM_UTF8).lstrip(BLANK).partition(b"\n")
    return line.rstrip(BLANK).decode(errors="replace")


def _undecodable(chunks: Iterable[bytes]) -> str | None:
    """Return an error message about the first byte that is not UTF-8; None if all bytes are UTF-8."""
    decoder, number = codecs.getincrementaldecoder("utf-8")(), 1
    for chunk in chunks:
        try:
            decoder.decode(chunk)
        except UnicodeDecodeError as error:
            number += error.object[: error.start].count(b"\n")
            return f"$file is not UTF-8 text: line {number} has the byte 0x{error.object[error.start]:02X}. {_LATIN_1}"
        number += chunk.count(b"\n")
    return None
