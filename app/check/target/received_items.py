"""What a subscription is sent over WebSocket or gRPC, in one form, so that the same checks hold both to the same promises."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, NamedTuple, Protocol

from app.check.findings import CannotCheck
from app.check.http.event_stream import TEMPORARY
from app.check.http.stream_blocks import OrderEvent
from app.check.request import Repeatable, excerpt


class Item(NamedTuple):
    """A message that a subscription was sent.

    `kind`: `checkpoint`, `gap`, `events`, `closing`, `heartbeat`, or another name that the server used.
    `members`: the members of the message by their names in JSON, such as `lastEventId` and `reason`.
    `events`: the order events in it, with their data as JSON.
    `envelopes`: the members of these events by their names in JSON, such as `schemaVersion`.
    `size`: how many bytes the message has; 0 if the transport does not say.
    """

    kind: str
    members: Mapping[str, Any]
    events: Sequence[OrderEvent] = ()
    envelopes: Sequence[Mapping[str, Any]] = ()
    size: int = 0

    @property
    def last_event_id(self) -> str | None:
        """The id with which a client resumes after this message; None if the message has none."""
        id = self.members.get("lastEventId")
        return id if isinstance(id, str) else None

    def __str__(self) -> str:
        return excerpt(f"{self.kind} {dict(self.members)}")


class ReceivedItems:
    """The items of one subscription, read step by step.

    `exchange`: the request that opened the subscription.
    `receive`: a function that waits at most the given seconds for the next item, and raises TimeoutError after them. It returns
    None if the server has ended the call or the connection.
    """

    def __init__(self, exchange: Repeatable, receive: Callable[[float], Item | None]) -> None:
        self.exchange = exchange
        self.items: list[Item] = []
        self.events: list[OrderEvent] = []
        self.ended = False
        self.first_item_seconds: float | None = None
        self._receive = receive
        self._opened_at = time.monotonic()

    @property
    def ids(self) -> set[str]:
        return {event.id for event in self.events}

    @property
    def envelopes(self) -> Mapping[str, Mapping[str, Any]]:
        """The members of the order events that have come, by the id of the event."""
        return {str(each.get("id")): each for item in self.items for each in item.envelopes}

    @property
    def closing_reason(self) -> object:
        """The reason for which the server ended the subscription; None if it did not, or did not say why."""
        return self.items[-1].members.get("reason") if self.items and self.items[-1].kind == "closing" else None

    def until(self, enough: Callable[[ReceivedItems], bool], seconds: float) -> bool:
        """Read items until `enough` returns True or the subscription has ended; then return True.

        Returns False if `seconds` pass before. Raises CannotCheck if the server ended the subscription for a temporary reason,
        such as a shutdown.
        """
        deadline = time.monotonic() + seconds
        while not self.ended and not enough(self):
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            try:
                self._add(self._receive(left))
            except TimeoutError:
                return False
        return True

    def _add(self, item: Item | None) -> None:
        if item is None:
            self.ended = True
            return
        if self.first_item_seconds is None:
            self.first_item_seconds = time.monotonic() - self._opened_at
        self.items.append(item)
        self.events += item.events
        self.ended = item.kind == "closing"
        if self.ended and self.closing_reason in TEMPORARY:
            raise CannotCheck(f"The server ended a subscription: {item}.")


class Acknowledgement(NamedTuple):
    """What the server answered about a published event: its id in the log, and whether it was in the log before."""

    id: str
    duplicate: bool
    exchange: Repeatable


class Transport(Protocol):
    """A client of the server under check that uses WebSocket or gRPC."""

    def subscribe(self, parameters: Mapping[str, Any]) -> AbstractContextManager[ReceivedItems]:
        """Open a subscription for a `with` block. `parameters`: the parameters of the stream, with their values as in JSON."""

    def publish(self, event: Mapping[str, Any]) -> Acknowledgement:
        """Publish an event, and return the answer. Raises Violated if the server does not acknowledge the event."""

    def comparable(self, data: Any) -> Any:
        """Return the data of an event in a form in which differences that this transport does not carry are gone."""
