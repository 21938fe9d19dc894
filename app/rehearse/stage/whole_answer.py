"""A read of what is stored, answered as the server answers it: a page, or a stream that ends with the log."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from itertools import chain
from typing import Final, NamedTuple

from app.events.delivery.stream_item import Checkpoint, Closing, StreamStart
from app.events.log.event_store import Page
from app.events.position import Gap
from app.rehearse.observed.observations import Delivered
from app.rehearse.stage.script import RETRY_MS
from app.rehearse.stage.wire import STREAM_HEADERS
from app.transports.http.requests.json_bodies import page_events
from app.transports.http.streaming.sse import encode, encode_opening

PAGE_EVENTS: Final = 100  # of a page, if the client names no limit


@dataclass(frozen=True, slots=True)
class Due:
    """What is due to a request: the first item, the events that follow, each as a page, and the id for the next request.

    `delivered`: the record of each event. `is_limited`: whether it ends because the client has asked for so many events only.
    """

    first: Checkpoint | Gap
    pages: Sequence[Page]
    delivered: Sequence[Delivered]
    last_event_id: str
    is_limited: bool


class WholeAnswer(NamedTuple):
    """A response with all of its body."""

    status: int
    headers: Sequence[tuple[str, str]]
    body: bytes


def page_answer(due: Due) -> WholeAnswer:
    """Return a page; a problem if the client's position is lost."""
    if isinstance(due.first, Gap):
        gap = {"reason": due.first.reason, "requested": due.first.requested, "earliest": str(due.first.earliest)}
        problem = {"type": "/problems/position-lost", "title": "The position is lost", "status": HTTPStatus.GONE, **gap}
        return WholeAnswer(
            HTTPStatus.GONE, [("content-type", "application/problem+json")], json.dumps(problem).encode()
        )
    events = ",".join(chain.from_iterable(page_events(each) for each in due.pages))
    body = f'{{"events":[{events}],"lastEventId":"{due.last_event_id}"}}'
    return WholeAnswer(HTTPStatus.OK, [("content-type", "application/json")], body.encode())


def stored_answer(due: Due) -> WholeAnswer:
    """Return a stream that ends; 204 if there is nothing for it."""
    if not due.pages and isinstance(due.first, Checkpoint):
        return WholeAnswer(HTTPStatus.NO_CONTENT, [], b"")
    opening = encode_opening(StreamStart(due.first), RETRY_MS[1])
    closing = encode(Closing("limit" if due.is_limited else "end"))
    return WholeAnswer(HTTPStatus.OK, STREAM_HEADERS, b"".join([opening, *map(encode, due.pages), closing]))
