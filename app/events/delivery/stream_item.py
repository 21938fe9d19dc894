"""The items that a stream consists of: values that do not depend on a transport."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from app.events.log.event_store import Page
from app.events.position import Gap, Position

ClosingReason = Literal["drain", "limit", "end", "unavailable"]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The position through which the reader has been sent every event that its filter matches."""

    position: Position


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """A sign of life after a silence in which the reader's filter skipped no event; the last id of the reader is still right."""


@dataclass(frozen=True, slots=True)
class Closing:
    """The last item of a stream that the server ends, with the reason."""

    reason: ClosingReason


@dataclass(frozen=True, slots=True)
class StreamStart:
    """The first item of a stream: the position after which it begins, or the gap before that position, or the reason why it ends at once."""

    first: Checkpoint | Gap | Closing


NextItem: TypeAlias = Page | Checkpoint | Gap | Heartbeat | Closing
StreamItem: TypeAlias = StreamStart | NextItem

HEARTBEAT = Heartbeat()
