"""A session is what one reader was sent under one filter; it is judged by the events that are stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from app.events.event import StoredEvent
from app.events.filter import Filter


@dataclass
class Session:
    """The items that one reader was sent under one filter, as offsets: its first and last place, events, and the two ends of each gap."""

    filter: Filter
    begun: int
    left: int
    received: list[int] = field(default_factory=list)
    gaps: list[tuple[int, int]] = field(default_factory=list)


def faults_of_session(session: Session, stored: Sequence[StoredEvent]) -> list[str]:
    """Compare what a session was sent with the events that are stored between the ids that it began and left with."""
    within = [event for event in stored if session.begun < event.offset <= session.left]
    expected = [event.offset for event in within if session.filter.matches(event)]
    lost = sorted(set(expected) - set(session.received))
    silently = [each for each in lost if not any(before < each <= earliest for before, earliest in session.gaps)]
    found = {
        f"lost without a gap: {silently}": bool(silently),
        "repeated": len(set(session.received)) < len(session.received),
        "reordered": sorted(session.received) != session.received,
        "sent events that do not match": not set(session.received) <= set(expected),
        "moved back": session.left < session.begun,
        "a gap in which nothing was deleted": any(earliest <= before for before, earliest in session.gaps),
    }
    return [fault for fault, is_so in found.items() if is_so]
