"""Publishing: check each submitted event against its contract, then append all of the events to the log, or none of them."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence

from app.events.accept import Acceptance, Violations
from app.events.errors import EventIdConflict
from app.events.event import Event
from app.events.log.event_log import EventLog
from app.events.log.event_store import Appended
from app.specification.contracts import Contracts
from app.specification.errors import ContractViolation, EventViolation
from app.specification.schema.schema import Schema
from app.specification.strict_json import JsonValue

VIOLATIONS_LISTED = 10  # of each event; all are counted
EVENTS_PER_TURN = 250  # about 1 ms of work, then streams go on
EVENTS_PER_REFUSAL = 10  # naming the faults of one event takes as long as accepting so many


class Publisher:
    """The publisher of events to one log. All transports and sources use the same publisher.

    `contracts` and `envelopes`: see `Acceptance`, also for the error that it raises. `batch_maximum`: the largest number of
    events in one request. Three attributes count events: `published` counts stored events by type; `duplicates` counts events
    that had been stored before; `refused` counts events that violated their contract, or whose eventId belonged to an event
    with other content.
    """

    def __init__(
        self, log: EventLog, contracts: Contracts, envelopes: Mapping[str, Schema], *, batch_maximum: int
    ) -> None:
        self._log = log
        self._batch_maximum = batch_maximum
        self._acceptance = Acceptance(contracts, envelopes)
        self.published: Counter[str] = Counter()
        self.duplicates = 0
        self.refused = 0

    async def publish(self, submissions: Sequence[JsonValue]) -> list[Appended]:
        """Store all submitted events, adjacent and in order, or none of them. Return once all events are on disk.

        Returns for each event the stored event, and whether it had been stored before. Raises Draining if the server is about
        to stop, ContractViolation (with the violations of all events) if an event violates its contract or the number of
        events is not allowed, EventIdConflict if an eventId belongs to an event with other content, StoreUnavailable if the
        store cannot write.
        """
        self._log.check_accepts_requests()
        self._check_number(submissions)
        verdicts = await self._verdicts(submissions)
        try:
            appended = await self._log.append(_all_or_none(verdicts))
        except ContractViolation:
            self.refused += sum(isinstance(verdict, Violations) for verdict in verdicts)
            raise
        except EventIdConflict:
            self.refused += 1
            raise
        self.published.update(stored.event_type for stored, duplicate in appended if not duplicate)
        self.duplicates += sum(duplicate for _, duplicate in appended)
        return appended

    def check(self, submissions: Sequence[JsonValue]) -> list[Event]:
        """Check at startup that events would be accepted, and return the events. Nothing is stored or counted. Raises
        ContractViolation.
        """
        return _all_or_none([self._accept(submission) for submission in submissions])

    def _check_number(self, submissions: Sequence[JsonValue]) -> None:
        if not 1 <= len(submissions) <= self._batch_maximum:
            message = f"must have at least 1 and at most {self._batch_maximum} items"
            raise ContractViolation([EventViolation(0, "", message)], 1)

    async def _verdicts(self, submissions: Sequence[JsonValue]) -> list[Event | Violations]:
        verdicts: list[Event | Violations] = []
        work = 0
        for submission in submissions:
            verdict = self._accept(submission)
            verdicts.append(verdict)
            work += 1 if isinstance(verdict, Event) else EVENTS_PER_REFUSAL
            if work >= EVENTS_PER_TURN:
                await asyncio.sleep(0)
                work = 0
        return verdicts

    def _accept(self, submission: JsonValue) -> Event | Violations:
        return self._acceptance.accept(submission, VIOLATIONS_LISTED)


def _all_or_none(verdicts: Sequence[Event | Violations]) -> list[Event]:
    events = [verdict for verdict in verdicts if isinstance(verdict, Event)]
    if len(events) == len(verdicts):
        return events
    refused = [(index, verdict) for index, verdict in enumerate(verdicts) if isinstance(verdict, Violations)]
    violations = [EventViolation(index, *violation) for index, violations in refused for violation in violations.listed]
    raise ContractViolation(violations, sum(violations.total for _, violations in refused))
