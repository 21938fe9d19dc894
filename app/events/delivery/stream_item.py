"""What a reader is sent, step by step: events, or what there is to say instead of them. Values; no transport's format."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from app.events.log.event_store import Page
from app.events.position import Gap, Position

ClosingReason = Literal["drain", "limit", "end", "unavailable"]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The reader has everything it wants through this position."""

    position: Position


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """Nothing happened for a while; the reader is where its last id says."""


@dataclass(frozen=True, slots=True)
class Closing:
    """The server ends the stream; nothing follows."""

    reason: ClosingReason


@dataclass(frozen=True, slots=True)
class StreamStart:
    """The stream begins, with the one thing that there is to say first."""

    first: Checkpoint | Gap | Closing


NextItem: TypeAlias = Page | Checkpoint | Gap | Heartbeat | Closing
StreamItem: TypeAlias = StreamStart | NextItem

HEARTBEAT = Heartbeat()
