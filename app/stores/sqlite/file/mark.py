"""The mark: a small file beside a log with the position of the newest event at the time when the mark was last written.

The mark is not part of the database, so that a database which lost its end is noticed, and not mistaken for a shorter log. The
mark is written after each commit, and not synced to disk. So after a power cut it may be behind the log, but it is never ahead
of the log.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

from app.events.position import Position, parse_position

_BYTES = 64  # written at once, and within one sector of any disk: it is there whole or not at all


class Mark(NamedTuple):
    """The end of a log: the position of its newest event, and the checksum of that event."""

    position: Position
    checksum: int


class MarkFile:
    """The file that contains the mark of one log (the position and checksum of the newest event).

    `store`: the path of the log.
    """

    def __init__(self, store: Path) -> None:
        self.path = Path(f"{store.resolve()}.mark")

    def read(self) -> Mark | None:
        """Return the mark; None if the file does not exist or cannot be read."""
        try:
            position_text, checksum_text, own = self.path.read_text("ascii").split()
            position = parse_position(position_text)
            if position is not None and int(own, 16) == crc32(f"{position_text} {checksum_text}".encode()):
                return Mark(position, int(checksum_text, 16))
        except (OSError, ValueError):
            pass
        return None

    def write(self, mark: Mark, *, sync: bool = False) -> None:
        """Replace the mark in the file. `sync`: if True, wait until the mark is on disk. Raises OSError."""
        text = f"{mark.position} {mark.checksum:08x}"
        line = f"{text} {crc32(text.encode()):08x}".ljust(_BYTES - 1) + "\n"
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            os.pwrite(descriptor, line.encode(), 0)
            if sync:
                os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def remove(self) -> None:
        """Remove the file, if there is one: the log then has no mark. Raises OSError."""
        self.path.unlink(missing_ok=True)
