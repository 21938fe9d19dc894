"""Requests of a consumer as a rehearsal sees them, made up, so that what is judged takes no time."""

from __future__ import annotations

from app.rehearse.observed.observations import Asked, Delivered, Form, Phase
from app.rehearse.observed.seen import Seen
from app.rehearse.scenario import Answer

RETRY_MS = 100


def event(id: str, number: int = 1) -> Delivered:
    return Delivered(id, "order.shipped", f'{{"orderId":"{id}"}}', known=True, number=number)


def asked(answer: Answer, *delivered: Delivered, at: float = 0.0, last_event_id: str | None = None) -> Asked:
    """Return a request for a stream that the server has ended as soon as it had sent these events."""
    return Asked(
        at=at,
        last_event_id=last_event_id,
        form=Form.FOLLOWED,
        answer=answer,
        place=0,
        may_come_with=None,
        newest=None,
        retry_ms=RETRY_MS,
        delivered=list(delivered),
        ended_at=at,
        ended_by_server=True,
    )


def seen(*requests: Asked, applied: str = "") -> Seen:
    """Return what was seen of a consumer that has made these requests, and has reported events with ids of one letter."""
    made = Seen()
    made.asked.extend(requests)
    made.enter(Phase.HOLDING)
    made.take_reports("\n".join(f'{{"id": "{id}"}}' for id in applied))
    return made
