"""The errors inside a SQLite log. Users of the store get StoreUnavailable or StoreRefused instead; details are in the server's
log file.

Unfit
├── Damaged      stored bytes do not match their checksums
├── FileMoved    the path no longer points to the file that is open
└── NotSynced    a part of the file is perhaps not on disk, and cannot be written again now
"""

from __future__ import annotations


class Unfit(Exception):
    """The base class of the errors that are raised when a log cannot be trusted.

    The message is a part of a sentence: it begins in lower case, and has no full stop.
    """


class Damaged(Unfit):
    """Raised when stored bytes do not match their checksums.

    `offset`: the offset of the first damaged event; None if the damage is not in an event.
    """

    def __init__(self, message: str, offset: int | None = None) -> None:
        super().__init__(message)
        self.offset = offset


class FileMoved(Unfit):
    """Raised when the open file of a log was renamed, removed or replaced: events that are written to it now would be lost."""

    def __init__(self) -> None:
        super().__init__("its file was moved, removed or replaced; put it back, or start the server again")


class NotSynced(Unfit):
    """Raised when a sync may have failed before, and a read in progress prevents that the log is written again."""

    def __init__(self) -> None:
        super().__init__(
            "a part of it is perhaps not on disk, and is written again when another program has read the log"
        )
