"""The items of a stream, in the order in which a reader is sent them: values, in no transport's format."""

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
    """A sign of life after a silence in which no event passed the reader by; its last id is still right."""


@dataclass(frozen=True, slots=True)
class Closing:
    """The last item of a stream that the server ends, with the reason."""

    reason: ClosingReason


@dataclass(frozen=True, slots=True)
class StreamStart:
    """The first item of a stream: the position from which it goes on, the gap before that, or the reason why it ends at once."""

    first: Checkpoint | Gap | Closing


NextItem: TypeAlias = Page | Checkpoint | Gap | Heartbeat | Closing
StreamItem: TypeAlias = StreamStart | NextItem

HEARTBEAT = Heartbeat()
