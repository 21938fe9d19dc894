"""The errors inside a SQLite log; its users see StoreUnavailable or StoreRefused instead, and the server's log has the sentence.

Unfit
├── Damaged      stored bytes do not match their checksums
└── FileMoved    the path no longer names the file in use
"""

from __future__ import annotations


class Unfit(Exception):
    """The base of the errors below: raised when the log cannot be trusted; the message begins in lower case, without a full stop."""


class Damaged(Unfit):
    """Raised when stored bytes do not match their checksums; `offset` is that of the first bad event, if an event is."""

    def __init__(self, message: str, offset: int | None = None) -> None:
        super().__init__(message)
        self.offset = offset


class FileMoved(Unfit):
    """Raised when the file in use was renamed, removed or replaced: events that are written to it would be lost with it."""

    def __init__(self) -> None:
        super().__init__("its file was moved, removed or replaced; put it back, or start the server again")
