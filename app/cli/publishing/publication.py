"""Send the events of a file to a server so that each is stored once or refused, however often the network or the server fails.

Every event has an eventId, so a batch may be sent again if its answer was lost. A server stores a whole request or nothing of it;
the events that it refuses are taken out, and the rest is sent again, in order.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Final, TextIO

import click

from app.cli.publishing.batches import Batch, NumberedEvent
from app.cli.publishing.pieces import RefusedPiece
from app.cli.terminal import advice
from app.client import EventsRefused, OrdersClient, OrdersError, PublishedEvent, RequestRefused, Violation

BAR_WIDTH: Final = 30
_CLEAR_LINE: Final = "\r\N{ESCAPE}[K"
_ABOUT_EVENTS: Final = frozenset({400, 409, 413, 422})  # any other status refuses the request, whatever events it has


class GaveUp(click.ClickException):
    """Raised when sending stops; the message names the line or event from which on nothing is known to be stored. Exit code 1."""

    def __init__(self, unit: str, number: int, error: OrdersError) -> None:
        super().__init__(
            f"Stopped at {unit} {number}: {error} Nothing from that {unit} on is known to be stored. Run the same command again: "
            f"what is stored already is not stored twice. {advice(error)}".strip()
        )


class Publication:
    """The publication of a file, batch after batch, with the numbers of events that were stored, known already, and refused.

    `orders`: the client of the server. `unit`: the word for an event's place in the file, line or event.
    `retry_max_seconds`: how long a request is tried again. `report`: called with a sentence about every event that is refused.
    """

    def __init__(
        self, orders: OrdersClient, unit: str, retry_max_seconds: float, report: Callable[[str], None]
    ) -> None:
        self._orders = orders
        self._unit = unit
        self._retry_max_seconds = retry_max_seconds
        self._report = report
        self.published = 0
        self.duplicates = 0
        self.refused = 0

    def publish(self, batch: Batch) -> None:
        """Publish events in order until each is stored or refused. Raises GaveUp."""
        refused = list(batch.refused)
        try:
            self._send(batch.events, refused)
        finally:
            self.refused += len(refused)
            for piece in sorted(refused):
                self._report(f"{self._unit} {piece.number}: {piece.reason}")

    def _send(self, events: Sequence[NumberedEvent], refused: list[RefusedPiece]) -> None:
        while events:
            try:
                bodies = [each.event for each in events]
                self._count(self._orders.publish(bodies, retry_max_seconds=self._retry_max_seconds))
            except EventsRefused as refusal:
                reasons = _reasons(refusal.violations)
                refused += [RefusedPiece(events[index].number, reason) for index, reason in reasons.items()]
                events = [each for index, each in enumerate(events) if index not in reasons]
            except RequestRefused as refusal:
                if refusal.status not in _ABOUT_EVENTS:
                    raise GaveUp(self._unit, events[0].number, refusal) from None
                events = self._halve(events, refused, refusal)
            except OrdersError as error:
                raise GaveUp(self._unit, events[0].number, error) from None
            else:
                return

    def _halve(
        self, events: Sequence[NumberedEvent], refused: list[RefusedPiece], refusal: RequestRefused
    ) -> Sequence[NumberedEvent]:
        """Send the first half, and return the second: together they are too large, or one is wrong that the answer does not name."""
        if len(events) == 1:
            refused.append(RefusedPiece(events[0].number, str(refusal)))
            return []
        middle = len(events) // 2
        self._send(events[:middle], refused)
        return events[middle:]

    def _count(self, published: Sequence[PublishedEvent]) -> None:
        duplicates = sum(event.duplicate for event in published)
        self.duplicates += duplicates
        self.published += len(published) - duplicates


class Progress:
    """A line on a terminal that shows how much of a file is published; nothing is shown if standard error is not a terminal.

    `size_bytes`: the size of the file, for a bar; None if it is not known, for a count of events only.
    """

    def __init__(self, size_bytes: int | None, terminal: TextIO | None = sys.stderr) -> None:
        self._size_bytes = size_bytes
        self._terminal = terminal if terminal is not None and terminal.isatty() else None

    def show(self, bytes_read: int, events: int) -> None:
        count = f"{events:,} events"
        if self._size_bytes:
            share = min(bytes_read / self._size_bytes, 1.0)
            count = f"[{'#' * int(share * BAR_WIDTH):{BAR_WIDTH}}] {share:4.0%}  {count}"
        self._write(_CLEAR_LINE + count)

    def clear(self) -> None:
        """Remove the line, so that other output can be printed."""
        self._write(_CLEAR_LINE)

    def _write(self, text: str) -> None:
        if self._terminal is not None:
            self._terminal.write(text)
            self._terminal.flush()


def _reasons(violations: Sequence[Violation]) -> dict[int, str]:
    """Join the messages about each event, by its index in the request."""
    reasons: dict[int, list[str]] = {}
    for violation in violations:
        reasons.setdefault(violation.index, []).append(str(violation))
    return {index: "; ".join(messages) for index, messages in reasons.items()}
