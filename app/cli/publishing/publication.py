"""Send the events of a file to a server so that each event is stored once or refused, even if the network or the server fails.

Every event has an eventId, so a batch can be sent again if the response was lost. A server stores all events of a request or none.
If the server refuses some events of a batch, the other events are sent again without them, in order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import click

from app.cli.output.server_errors import advice
from app.cli.publishing.batches import Batch, NumberedEvent
from app.cli.publishing.pieces import RefusedPiece
from app.client import EventsRefused, OrdersClient, OrdersError, PublishedEvent, RequestRefused, Violation

_ABOUT_EVENTS: Final = frozenset({400, 409, 413, 422})  # statuses that depend on the events in the request


class GaveUp(click.ClickException):
    """Raised when sending stops before the end of the file. The exit code is 1.

    The message has the number of the line (or array element) from which on it is unknown whether events are stored.
    `unit`: "line" or "event", the word before the number. `error`: the reason.
    """

    def __init__(self, unit: str, number: int, error: OrdersError) -> None:
        super().__init__(
            f"Stopped at {unit} {number}: {error} Nothing from that {unit} on is known to be stored. Run the same command again: "
            f"what is stored already is not stored twice. {advice(error)}".strip()
        )


class Publication:
    """The publication of the events of a file, batch after batch.

    `orders`: the client of the server.
    `unit`: what the numbers of events in messages count: "line" or "event".
    `retry_max_seconds`: how long a failed request is tried again.
    `report`: called with a sentence about each event that is refused.

    The attributes `published`, `duplicates` and `refused` count the events that are newly stored, were stored before, and are refused.
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
        """Publish the events of a batch in order, until each event is stored or refused. Raises GaveUp if a whole request fails."""
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
        """Send the first half of the events, and return the second half.

        The events were refused together, because the request was too large, or because of an event that the response does not identify.
        A single event is not halved: it is added to `refused`.
        """
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


def _reasons(violations: Sequence[Violation]) -> dict[int, str]:
    """Return a mapping from the index of each refused event in the request to its reasons, joined into one string."""
    reasons: dict[int, list[str]] = {}
    for violation in violations:
        reasons.setdefault(violation.index, []).append(str(violation))
    return {index: "; ".join(messages) for index, messages in reasons.items()}
