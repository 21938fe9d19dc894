"""Publishers for tests: each sends events with its own counters, as fast as it is answered, and records the answers in a ledger."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random

import httpx

from tests.support.checker import Ledger, Mark

SHIPPED = "order.shipped"
CANCELLED = "order.cancelled"
RETRY_SECONDS = 0.05
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # without authorities, which take 15 ms to load for each client
PATIENCE_SECONDS = 120  # for a server that does not return
LAST = {
    CANCELLED: Mark(9999, 0),
    SHIPPED: Mark(9999, 1),
}  # published by `ends`: a subscriber that has read these has read all


def type_of(mark: Mark) -> str:
    """Return the type of an event: of three, two are shipped and one is cancelled, at different counters for each publisher."""
    return CANCELLED if (mark.counter + mark.publisher) % 3 == 0 else SHIPPED


def as_event(mark: Mark, *, characters: int = 0) -> dict[str, object]:
    """Make an `OrderEvent`; with `characters`, a cancelled order with a reason of this length (at most 500)."""
    data = {"orderId": str(mark), "when": "2024-05-01T10:00:00-03:00"}
    if characters:
        data["reason"] = "x" * characters
    return {"eventType": CANCELLED if characters else type_of(mark), "eventId": str(mark), "data": data}


def batches(marks: Sequence[Mark], size: int) -> Iterator[Sequence[Mark]]:
    for start in range(0, len(marks), size):
        yield marks[start : start + size]


@dataclass(slots=True)
class Publisher:
    """A publisher of events at `url`.

    `patience`: how often an event is tried that is refused with 503 or gets no answer; then it stays in doubt. None: without end.
    `characters`: see `as_event`.
    """

    url: str
    ledger: Ledger
    patience: int | None = None
    characters: int = 0
    duplicates: int = 0
    unanswered: int = 0
    refused: int = 0

    async def publish(self, client: httpx.AsyncClient, marks: Sequence[Mark]) -> None:
        """Publish events in one request, a single one without an array; try again with the same eventIds until there is an answer."""
        events = [as_event(mark, characters=self.characters) for mark in marks]
        for mark, event in zip(marks, events, strict=True):
            self.ledger.sends(mark, str(event["eventType"]))
        async with asyncio.timeout(PATIENCE_SECONDS):
            await self._publish(client, events, marks)

    async def _publish(self, client: httpx.AsyncClient, events: Sequence[object], marks: Sequence[Mark]) -> None:
        tries = 0
        while self.patience is None or tries < self.patience:
            tries += 1
            try:
                answer = await client.post(self.url, json=events if len(events) > 1 else events[0])
            except (httpx.NetworkError, httpx.RemoteProtocolError):
                self.unanswered += 1
            else:
                if self._understand(answer, marks):
                    return
            await asyncio.sleep(RETRY_SECONDS)

    async def publish_all(self, client: httpx.AsyncClient, marks: Sequence[Mark], *, random: Random, most: int) -> None:
        """Publish events one request after the other, each with 1 to `most` events."""
        start = 0
        while start < len(marks):
            size = random.randint(1, most)
            await self.publish(client, marks[start : start + size])
            start += size

    async def ends(self, client: httpx.AsyncClient) -> None:
        """Publish `LAST`, the last event of each type."""
        await self.publish(client, list(LAST.values()))

    def _understand(self, answer: httpx.Response, marks: Sequence[Mark]) -> bool:
        if answer.status_code == 503:
            assert answer.headers["content-type"] == "application/problem+json"
            assert int(answer.headers["retry-after"]) > 0
            self.refused += 1
            return False
        assert answer.status_code == 201, f"{answer.status_code}: {answer.text[:500]}"
        stored = answer.json()["events"]
        assert [each["eventId"] for each in stored] == [str(mark) for mark in marks]
        for mark, each in zip(marks, stored, strict=True):
            self.duplicates += each["duplicate"]
            # An event that is acknowledged twice must have the same id both times.
            assert self.ledger.acknowledged.setdefault(mark, each["id"]) == each["id"]
        return True


def publish_now(
    url: str, marks: Sequence[Mark], ledger: Ledger | None = None, *, characters: int = 0, size: int = 1000
) -> list[str]:
    """Publish events in order, from a test that is not a coroutine; return their ids."""
    book = Ledger() if ledger is None else ledger
    with httpx.Client(verify=NO_TLS, trust_env=False, timeout=60) as client:
        for some in batches(marks, size):
            events = [as_event(mark, characters=characters) for mark in some]
            for mark, event in zip(some, events, strict=True):
                book.sends(mark, str(event["eventType"]))
            answer = client.post(url, json=events)
            assert answer.status_code == 201, f"{answer.status_code}: {answer.text[:500]}"
            identifiers: list[Mapping[str, str]] = answer.json()["events"]
            book.acknowledged.update({mark: each["id"] for mark, each in zip(some, identifiers, strict=True)})
    return [book.acknowledged[mark] for mark in marks]


def counted(publisher: int, count: int, *, first: int = 0) -> list[Mark]:
    """Return the events `first` to `first + count - 1` of one publisher."""
    return [Mark(publisher, counter) for counter in range(first, first + count)]
