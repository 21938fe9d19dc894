"""Publishing: validate each event against its contract, then append all of them to the log, or none."""

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
    """The publisher of one log, the same for every transport and source.

    `envelopes`: see `Acceptance`, also for the error that is raised. `batch_maximum`: the most events of one request.
    `published` counts the events that were stored, by type; `duplicates` the events that had been stored before; `refused` the
    events that broke their contract or whose eventId was taken by other content.
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
        """Store all submitted events, adjacent and in order, or none; return when they are on disk.

        Raises Draining, ContractViolation (with the violations of every event, or because there are too few or too many),
        EventIdConflict, StoreUnavailable.
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
        """Check at startup that events would be accepted; store and count nothing. Raises ContractViolation."""
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
