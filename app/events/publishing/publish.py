"""Publishing: check each submitted event against its contract, then append all of the events to the log, or none of them."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping, Sequence

from app.events.errors import EventIdConflict, NotPermitted
from app.events.event import Event
from app.events.filter import EVERYTHING, Filter
from app.events.log.event_log import EventLog
from app.events.log.event_store import Appended
from app.events.publishing.accept import Acceptance, Violations
from app.events.publishing.turnstile import Turnstile
from app.specification.contracts import Contracts
from app.specification.errors import ContractViolation, EventViolation
from app.specification.schema.schema import Schema, VerdictsDiffer
from app.specification.strict_json import JsonValue

EVENTS_LISTED = 20  # of those that violate their contract; all are counted
VIOLATIONS_LISTED = 10  # of each of these events; all are counted
EVENTS_PER_TURN = 500  # a few milliseconds of work, then streams go on
REFUSALS_PER_TURN = 20  # naming the faults of an event takes about 50 µs
SMALL_EVENTS = 20  # so many events are no large work, unless they are refused

_log = logging.getLogger(__name__)


class Publisher:
    """The publisher of events to one log. All transports and sources use the same publisher.

    `contracts` and `envelopes`: see `Acceptance`, also for the error that it raises. `batch_maximum`: the largest number of
    events in one request. `turnstile`: orders the work on large requests. Three attributes count events: `published` counts stored
    events by type; `duplicates` counts events that had been stored before; `refused` counts events that violated their contract,
    that were not permitted, or whose eventId belonged to an event with other content.
    """

    def __init__(
        self, log: EventLog, contracts: Contracts, envelopes: Mapping[str, Schema], *, batch_maximum: int
    ) -> None:
        self._log = log
        self._batch_maximum = batch_maximum
        self._acceptance = Acceptance(contracts, envelopes)
        self.turnstile = Turnstile()
        self.published: Counter[str] = Counter(dict.fromkeys(contracts.event_types, 0))
        self.duplicates = 0
        self.refused = 0

    async def publish(self, submissions: Sequence[JsonValue], permitted: Filter = EVERYTHING) -> list[Appended]:
        """Store all submitted events, adjacent and in order, or none of them. Return once all events are on disk.

        `permitted`: the events that the sender may publish. Returns for each event the stored event, and whether it had been
        stored before; its version is of the major version in which it was published. Raises Draining if the server is about to
        stop, ContractViolation if an event violates its contract or the number of events is not allowed, NotPermitted if the
        sender may not publish an event, EventIdConflict if an eventId belongs to an event with other content, StoreUnavailable if
        the store cannot write.
        """
        self._log.check_accepts_requests()
        self._check_number(submissions)
        events = await self._accepted(submissions)
        self._check_permitted(events, permitted)
        try:
            appended = await self._log.append(events)
        except EventIdConflict:
            self.refused += 1
            raise
        self.published.update(stored.event_type for stored, duplicate in appended if not duplicate)
        self.duplicates += sum(duplicate for _, duplicate in appended)
        if self._acceptance.converts:
            appended = [*map(_as_published, events, appended)]
        if _log.isEnabledFor(logging.DEBUG):
            _log.debug("Events were published.", extra={"fields": _described(appended)})
        return appended

    def check(self, submissions: Sequence[JsonValue]) -> list[Event]:
        """Check at startup that events would be accepted, and return the events. Nothing is stored or counted. Raises
        ContractViolation.
        """
        events = self._acceptance.accept(submissions)
        if events is None:
            raise _violation([self._violations(submission) for submission in submissions])
        return events

    def _check_number(self, submissions: Sequence[JsonValue]) -> None:
        if not 1 <= len(submissions) <= self._batch_maximum:
            message = f"must have at least 1 and at most {self._batch_maximum} items"
            raise ContractViolation([EventViolation(0, "", message)], 1)

    def _check_permitted(self, events: Sequence[Event], permitted: Filter) -> None:
        if permitted is EVERYTHING:
            return
        for index, event in enumerate(events):
            if not permitted.matches(event):
                self.refused += 1
                raise NotPermitted(index)

    async def _accepted(self, submissions: Sequence[JsonValue]) -> list[Event]:
        events: list[Event] = []
        for start in range(0, len(submissions), EVENTS_PER_TURN):
            if len(submissions) > SMALL_EVENTS:
                await self.turnstile.enter()
            accepted = self._acceptance.accept(submissions[start : start + EVENTS_PER_TURN])
            if accepted is None:
                raise await self._refusal(submissions)
            events += accepted
        return events

    async def _refusal(self, submissions: Sequence[JsonValue]) -> ContractViolation:
        found: list[Violations] = []
        for number, submission in enumerate(submissions):
            if number % REFUSALS_PER_TURN == 0:
                await self.turnstile.enter()
            found.append(self._violations(submission))
        self.refused += sum(violations.total > 0 for violations in found)
        return _violation(found)

    def _violations(self, submission: JsonValue) -> Violations:
        return self._acceptance.violations(submission, VIOLATIONS_LISTED)


def _as_published(event: Event, appended: Appended) -> Appended:
    """Return the outcome for an event with the version in which it was published, if it is stored in another major version."""
    stored, duplicate = appended
    published_version = event.published_version or event.schema_version
    if stored.schema_version.partition(".")[0] == published_version.partition(".")[0]:
        return appended
    return Appended(stored._replace(schema_version=published_version), duplicate)


def _described(appended: Sequence[Appended]) -> dict[str, object]:
    duplicates = sum(duplicate for _, duplicate in appended)
    return {
        "events": len(appended),
        "duplicates": duplicates,
        "first": appended[0].stored.id,
        "last": appended[-1].stored.id,
    }


def _violation(found: Sequence[Violations]) -> ContractViolation:
    """Return the error for a request of which at least one event violates its contract.

    `found`: the violations in each event of the request. Raises VerdictsDiffer if there are none.
    """
    invalid = [(index, violations) for index, violations in enumerate(found) if violations.total]
    if not invalid:
        raise VerdictsDiffer("The events of a request")
    listed = [
        EventViolation(index, *each) for index, violations in invalid[:EVENTS_LISTED] for each in violations.listed
    ]
    return ContractViolation(listed, sum(violations.total for _, violations in invalid), len(invalid))
