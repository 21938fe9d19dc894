"""Positions in the log, written `<epoch>-<offset>`. Clients treat a position as an opaque id; it is the same on every
transport and store.

Each start of a server on a log of its own begins a new epoch. A log that several servers share begins one only if its newest
events are lost, or an operator asks for it. An epoch has a random name and a first offset: the offset that the next event will
get. A position is valid if the log has recorded its epoch, and its offset is in the range of that epoch. So the log
detects a position from another log, and the position of an event that is missing because a backup was restored.
"""

from __future__ import annotations

import re
import secrets
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, NewType, TypeAlias

GapReason = Literal["expired", "foreign", "ahead"]

_ISSUED = re.compile(r"([0-9a-z]{8})-(0|[1-9][0-9]{0,17})", re.ASCII)
EPOCH_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"
EPOCH_LENGTH = 8  # 36^8 names: a log started ten thousand times has a chance of 1 in 10^4 of ever repeating one


class Position(NamedTuple):
    """A position in the log: directly after the event at `offset`, or before the first event of the log if `offset` is 0.

    `epoch`: the name of the part of the log to which the offset belongs, see `Epoch`.
    """

    epoch: str
    offset: int

    def __str__(self) -> str:
        return write_position(self.epoch, self.offset)


OpaqueId = NewType("OpaqueId", str)
"""A position that is encrypted, for readers that may not see every event of the log."""

SentId: TypeAlias = Position | OpaqueId
"""An id as a reader is sent it. `str()` writes both kinds."""


class Epoch(NamedTuple):
    """A part of a log: its random name, and the first offset that may be written in it. A log of one server has an epoch for
    each start; those of a shared log belong to the log.
    """

    name: str
    first_offset: int


@dataclass(frozen=True, slots=True)
class Gap:
    """A loss of events, to report to a reader.

    `reason`: why events are missing. `requested`: the id or time from which the reader asked to read. `earliest`: the position
    before the oldest event that the log still has.
    """

    reason: GapReason
    requested: str
    earliest: SentId


class Floor(NamedTuple):
    """The newest deleted event of a log: its offset, and the time at which it was stored.

    If no event was deleted, the offset is one less than the first offset of the log, and the time is 0.
    """

    offset: int
    stored_at_us: int


def new_epoch(first_offset: int) -> Epoch:
    """Return a new epoch (a part of a log that begins now), with a random name that is practically unique."""
    return Epoch("".join(secrets.choice(EPOCH_ALPHABET) for _ in range(EPOCH_LENGTH)), first_offset)


def write_position(epoch: str, offset: int | str) -> str:
    """Return a position in the form that clients see: `<epoch>-<offset>`."""
    return f"{epoch}-{offset}"


def parse_position(text: str) -> Position | None:
    """Parse an event id that a client sent. Returns its position; None if the text does not have the form of an id from this
    software.
    """
    match = _ISSUED.fullmatch(text)
    return Position(match[1], int(match[2])) if match else None


class Epochs:
    """All epochs (parts, see `Epoch`) of one log, oldest first. New events belong to the last epoch."""

    def __init__(self, epochs: Sequence[Epoch]) -> None:
        self._epochs = tuple(epochs)
        self._befores = [epoch.first_offset - 1 for epoch in self._epochs]
        self._index = {epoch.name: place for place, epoch in enumerate(self._epochs)}

    def __iter__(self) -> Iterator[Epoch]:
        return iter(self._epochs)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Epochs) and self._epochs == other._epochs

    def __hash__(self) -> int:
        return hash(self._epochs)

    @property
    def open(self) -> Epoch:
        return self._epochs[-1]

    def position(self, offset: int) -> Position:
        """Return the position directly after the event at `offset`: that offset, and the name of its epoch.

        If several epochs begin there (a server was restarted without new events), the position has the name of the newest of
        these epochs. So a log that was restored from a backup, and does not have that epoch, does not accept the position.
        """
        place = bisect_right(self._befores, offset) - 1
        return Position(self._epochs[max(place, 0)].name, offset)

    def of_event(self, offset: int) -> str:
        """Return the name of the epoch to which the event at `offset` belongs."""
        return self._epochs[max(bisect_left(self._befores, offset) - 1, 0)].name

    def lost(self, position: Position | None, head: int) -> Literal["foreign", "ahead"] | None:
        """Return why a position is not valid in this log; None if the position is valid.

        "foreign": the log has no such epoch, or the offset is below the range of the epoch, so this log never issued the
        position. "ahead": the offset is beyond the range of the epoch. `head`: the offset of the newest event in the log.
        """
        if position is None or position.epoch not in self._index:
            return "foreign"
        place = self._index[position.epoch]
        if position.offset < self._befores[place]:
            return "foreign"
        end = self._befores[place + 1] if place + 1 < len(self._befores) else head
        return "ahead" if position.offset > end else None
