"""Publish events: hold each to its contract, and append them to the log, all or none."""

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

BREACHES_LISTED = 10  # of each event; all are counted
EVENTS_PER_TURN = 250  # about 1 ms of work, then streams go on
EVENTS_PER_REFUSAL = 10  # as long as to accept so many does it take to name what is wrong with one


class Publisher:
    """Publish to one log; for `envelopes`, and for what they raise, see `Acceptance`.

    `published` counts events stored, by type; `duplicates` those stored before; `refused` those that broke their
    contract or came under an eventId that was taken.
    """

    def __init__(self, log: EventLog, contracts: Contracts, envelopes: Mapping[str, Schema]) -> None:
        self._log = log
        self._acceptance = Acceptance(contracts, envelopes)
        self.published: Counter[str] = Counter()
        self.duplicates = 0
        self.refused = 0

    async def publish(self, submissions: Sequence[JsonValue]) -> list[Appended]:
        """Store all submitted events, adjacent and in order, or none; return when they are on disk.

        Raises ContractViolation with the violations of every event, EventIdConflict, StoreUnavailable.
        """
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
        """Tell at startup whether events would be accepted; store and count nothing. Raises ContractViolation."""
        return _all_or_none([self._accept(submission) for submission in submissions])

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
        return self._acceptance.accept(submission, BREACHES_LISTED)


def _all_or_none(verdicts: Sequence[Event | Violations]) -> list[Event]:
    events = [verdict for verdict in verdicts if isinstance(verdict, Event)]
    if len(events) == len(verdicts):
        return events
    refused = [(index, verdict) for index, verdict in enumerate(verdicts) if isinstance(verdict, Violations)]
    violations = [EventViolation(index, *violation) for index, violations in refused for violation in violations.listed]
    raise ContractViolation(violations, sum(violations.total for _, violations in refused))
