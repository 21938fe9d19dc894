"""Send lines to a server so that each is stored once or refused, whatever the network and the server do meanwhile.

Every line has an eventId, so a batch may be sent again after its answer was lost. A server stores a whole request or nothing of
it; what it refuses is taken out, and the rest sent again, in order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import click

from app.cli.lines import Batch, Line, RefusedLine
from app.cli.messages import next_step
from app.client import EventsRefused, OrdersClient, OrdersError, PublishedEvent, RequestRefused, Violation

_ABOUT_EVENTS: Final = frozenset({400, 409, 413, 422})  # any other refuses the request, whatever is in it


class GaveUp(click.ClickException):
    """Say from which line on nothing is known to be stored, and why; exit code 1."""

    def __init__(self, number: int, error: OrdersError) -> None:
        super().__init__(
            f"Stopped at line {number}: {error} Nothing from that line on is known to be stored. Run the same command again: "
            f"what is stored already is not stored twice. {next_step(error)}".strip()
        )


class Publication:
    """Publish batch after batch, and count what became of the lines.

    `report` is told of every line that is refused.
    """

    def __init__(self, orders: OrdersClient, retry_max_seconds: float, report: Callable[[str], None]) -> None:
        self._orders = orders
        self._retry_max_seconds = retry_max_seconds
        self._report = report
        self.published = 0
        self.duplicates = 0
        self.refused = 0

    def publish(self, batch: Batch) -> None:
        """Publish lines in order until each is stored or refused. Raises GaveUp."""
        refused = list(batch.refused)
        try:
            self._send(batch.lines, refused)
        finally:
            self.refused += len(refused)
            for line in sorted(refused):
                self._report(f"line {line.number}: {line.reason}")

    def _send(self, lines: Sequence[Line], refused: list[RefusedLine]) -> None:
        while lines:
            try:
                events = [line.event for line in lines]
                self._count(self._orders.publish(events, retry_max_seconds=self._retry_max_seconds))
            except EventsRefused as refusal:
                reasons = _reasons(refusal.violations)
                refused += [RefusedLine(lines[index].number, reason) for index, reason in reasons.items()]
                lines = [line for index, line in enumerate(lines) if index not in reasons]
            except RequestRefused as refusal:
                if refusal.status not in _ABOUT_EVENTS:
                    raise GaveUp(lines[0].number, refusal) from None
                lines = self._halve(lines, refused, refusal)
            except OrdersError as error:
                raise GaveUp(lines[0].number, error) from None
            else:
                return

    def _halve(self, lines: Sequence[Line], refused: list[RefusedLine], refusal: RequestRefused) -> Sequence[Line]:
        """Look in each half: they are too much together, or something in them is wrong that the answer does not name."""
        if len(lines) == 1:
            refused.append(RefusedLine(lines[0].number, str(refusal)))
            return []
        middle = len(lines) // 2
        self._send(lines[:middle], refused)
        return lines[middle:]

    def _count(self, published: Sequence[PublishedEvent]) -> None:
        duplicates = sum(event.duplicate for event in published)
        self.duplicates += duplicates
        self.published += len(published) - duplicates


def _reasons(violations: Sequence[Violation]) -> dict[int, str]:
    """Say by its index why an event is refused."""
    reasons: dict[int, list[str]] = {}
    for violation in violations:
        reasons.setdefault(violation.index, []).append(str(violation))
    return {index: "; ".join(messages) for index, messages in reasons.items()}
