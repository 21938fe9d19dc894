"""The items of a stream (what is sent to a reader): values that do not depend on the transport."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from app.events.log.event_store import Page
from app.events.position import Gap, SentId
from app.specification.deprecated_majors import DeprecatedMajor

ClosingReason = Literal[
    "drain", "limit", "end", "unavailable", "token_expired", "overloaded", "max_age", "version_retired"
]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A position in the log: the reader has been sent every event up to this position that matches its filter."""

    position: SentId


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """An item without content, sent after a time in which nothing was sent, so that the reader notices that the stream is
    still open.

    Unlike a checkpoint, it gives no new position: no event was skipped since the last event id that the reader was sent.
    """


@dataclass(frozen=True, slots=True)
class Closing:
    """The last item of a stream that the server ends; it contains the reason."""

    reason: ClosingReason


@dataclass(frozen=True, slots=True)
class StreamStart:
    """The first item of a stream: the position after which the stream begins, a gap if events are missing, or the reason why
    the stream ends at once.

    `deprecations`: what is deprecated of what the reader reads. It is told after that, and changes nothing.
    """

    first: Checkpoint | Gap | Closing
    deprecations: tuple[DeprecatedMajor, ...] = ()


NextItem: TypeAlias = Page | Checkpoint | Gap | Heartbeat | Closing
StreamItem: TypeAlias = StreamStart | NextItem

HEARTBEAT = Heartbeat()
