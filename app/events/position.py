"""Positions in the log: `<epoch>-<offset>`, opaque to clients, the same on every transport and store.

Each start of a server on a log begins an epoch, which has a random name and the offset of the first event that may be written in it.
A position is valid if the log has recorded its epoch and its offset lies in the range of that epoch. So an id of another log, or of
events that a restored backup does not have, is noticed.
"""

from __future__ import annotations

import re
import secrets
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

GapReason = Literal["expired", "foreign", "ahead"]

_ISSUED = re.compile(r"([0-9a-z]{8})-(0|[1-9][0-9]{0,17})", re.ASCII)
_EPOCH_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"
_EPOCH_LENGTH = 8  # 36^8 names: a log started ten thousand times has a chance of 1 in 10^4 of ever repeating one


class Position(NamedTuple):
    """A place in the log: just after the event at `offset`, or before the first event ever."""

    epoch: str
    offset: int

    def __str__(self) -> str:
        return write_position(self.epoch, self.offset)


class Epoch(NamedTuple):
    """The part of a log that was written after one start: its random name, and the first offset that may be written in it."""

    name: str
    first_offset: int


@dataclass(frozen=True, slots=True)
class Gap:
    """A loss of continuity: its reason, the id or time that was requested, and the position before the oldest event kept."""

    reason: GapReason
    requested: str
    earliest: Position


class Floor(NamedTuple):
    """The newest deleted event: its offset, and when it was stored. If none was deleted: one less than the first offset, and 0."""

    offset: int
    stored_at_us: int


def new_epoch(first_offset: int) -> Epoch:
    """Make an epoch with a name that no log has used."""
    return Epoch("".join(secrets.choice(_EPOCH_ALPHABET) for _ in range(_EPOCH_LENGTH)), first_offset)


def write_position(epoch: str, offset: int) -> str:
    """Write a position as clients see it: an id."""
    return f"{epoch}-{offset}"


def parse_position(text: str) -> Position | None:
    """Read an id as a position; None if no log of ours can have issued it."""
    match = _ISSUED.fullmatch(text)
    return Position(match[1], int(match[2])) if match else None


class Epochs:
    """The record of a log's epochs, oldest first; the last one is open."""

    def __init__(self, epochs: Sequence[Epoch]) -> None:
        self._epochs = tuple(epochs)
        self._befores = [epoch.first_offset - 1 for epoch in self._epochs]
        self._index = {epoch.name: place for place, epoch in enumerate(self._epochs)}

    @property
    def open(self) -> Epoch:
        return self._epochs[-1]

    def position(self, offset: int) -> Position:
        """Return the position just after `offset`. If several epochs begin there, it has the newest one, so that a log which lacks that start
        (a restored backup) does not accept it.
        """
        place = bisect_right(self._befores, offset) - 1
        return Position(self._epochs[max(place, 0)].name, offset)

    def lost(self, position: Position | None, head: int) -> Literal["foreign", "ahead"] | None:
        """Return why a position is not valid in this log, or None if it is.

        `head` is the offset of the newest event. An offset below its epoch's range was never issued, so it is foreign.
        """
        if position is None or position.epoch not in self._index:
            return "foreign"
        place = self._index[position.epoch]
        if position.offset < self._befores[place]:
            return "foreign"
        end = self._befores[place + 1] if place + 1 < len(self._befores) else head
        return "ahead" if position.offset > end else None
