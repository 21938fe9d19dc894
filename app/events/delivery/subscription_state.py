"""The states of a subscription (one reader of the log), and the table of the allowed transitions between these states."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum


class State(Enum):
    """The state of a subscription. The value of each state says from where the next item of the subscription comes."""

    NEW = "nowhere yet: it has no sink"
    SCHEDULED = "memory, at its turn of the event loop"
    QUEUED = "the store, once one of the few reads is free"
    READING = "a read of the store that is under way"
    READING_BLOCKED = "the read that is under way, if the sink, which is full, is resumed before it ends"
    LIVE = "the next commit, through the group of its filter"
    BLOCKED = "nowhere until the sink, which is full, is resumed"
    CLOSED = "nowhere: it is over"

    __hash__ = object.__hash__  # by identity; that of Enum is a function in Python, and each transition needs two


TRANSITIONS: Mapping[State, frozenset[State]] = {
    State.NEW: frozenset({State.SCHEDULED, State.CLOSED}),
    State.SCHEDULED: frozenset({State.QUEUED, State.LIVE, State.BLOCKED, State.CLOSED}),
    State.QUEUED: frozenset({State.READING, State.SCHEDULED, State.BLOCKED, State.CLOSED}),
    State.READING: frozenset({State.SCHEDULED, State.READING_BLOCKED, State.CLOSED}),
    State.READING_BLOCKED: frozenset({State.READING, State.BLOCKED, State.CLOSED}),
    State.LIVE: frozenset({State.SCHEDULED, State.BLOCKED, State.CLOSED}),
    State.BLOCKED: frozenset({State.SCHEDULED, State.CLOSED}),
    State.CLOSED: frozenset(),
}


class ImpossibleTransition(Exception):
    """Raised when a subscription is to enter a state that may not follow its present state; this is a bug in the calling code."""

    def __init__(self, before: State, after: State) -> None:
        super().__init__(f"A subscription cannot go from {before.name} to {after.name}.")
