"""The check of a submitted event against its contract.

The result is the event to store, or the list of all violations of the contract.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from app.events.event import NO_OWNER, Event
from app.events.event_ids import EventIds
from app.events.publishing.submission_form import UNKNOWN, Form, Formed, converted, forms_of, gate_of
from app.events.publishing.sunsets import Sunsets
from app.specification.contracts import Contracts, EventContract
from app.specification.errors import InvalidContract
from app.specification.schema.schema import Schema, Violation, compile_schema
from app.specification.strict_json import JsonValue, serialise


class Violations(NamedTuple):
    """The violations in one submitted event: `listed` has the first violations, ordered by JSON pointer; `total` is the number
    of all violations.
    """

    listed: list[Violation]
    total: int


class Acceptance:
    """The check of submitted events `{eventType, data, eventId?, schemaVersion?}` against the contracts of their types.

    `contracts`: the schemas of `data`, for each event type and version. `envelopes`: for each event type, the schema of the
    whole submission, in which `data` may be any object. `clock`: returns the time in seconds since 1970-01-01 UTC; a version is not
    accepted any more from its sunset on. `converts`: whether events of some version are stored in a newer major version. Raises
    InvalidContract if the contracts and the envelopes are not for the same event types.
    """

    def __init__(
        self, contracts: Contracts, envelopes: Mapping[str, Schema], clock: Callable[[], float] = time.time
    ) -> None:
        for event_type in sorted(envelopes.keys() ^ set(contracts.event_types)):
            lacking = "contract" if event_type in envelopes else "schema for publishing it in the OpenAPI document"
            raise InvalidContract(f"The event type {event_type} has no {lacking}.")
        self._gates = {name: gate_of(contracts, name, envelope) for name, envelope in envelopes.items()}
        self._forms = {key: form for name, gate in self._gates.items() for key, form in forms_of(name, gate)}
        self.converts = any(form.convert is not None for form in self._forms.values())
        self._sunsets = Sunsets((each for gate in self._gates.values() for each in gate.contracts.values()), clock)
        self._event_ids = EventIds()
        known: dict[str, JsonValue] = {"enum": list(contracts.event_types)}
        self._typed = compile_schema(
            {"type": "object", "required": ["eventType"], "properties": {"eventType": known}}, "OrderEvent"
        )

    def accept(self, submissions: Iterable[JsonValue]) -> list[Event] | None:
        """Check submitted events, all of them at once. Returns the events in the same order, each with an id and a schema
        version; None if a submission violates its contract.

        This check is fast and does not report what is wrong. Violations are rare, so a second, slower check (`violations`) then
        collects them.
        """
        for contract in self._sunsets.take_due():
            self._retire(contract)
        formed = [(self._form(submission), submission) for submission in submissions]
        groups: defaultdict[Form, list[JsonValue]] = defaultdict(list)
        for form, submission in formed:
            groups[form].append(submission)
        if not all(form.accepts(group) for form, group in groups.items()):
            return None
        return self._events([*map(converted, formed)] if self.converts else formed)

    def violations(self, submission: JsonValue, limit: int) -> Violations:
        """Find the violations in one submitted event, of which at most `limit` are listed."""
        listed, total = self._typed.violations(submission, limit)
        if total or not isinstance(submission, dict):
            return Violations(listed, total)
        gate, data = self._gates[str(submission["eventType"])], submission.get("data")
        listed, total = gate.envelope.violations(submission, limit)
        contract = gate.contract(submission)
        if contract is None and not any(violation.pointer == "/schemaVersion" for violation in listed):
            listed, total = [*listed, Violation("/schemaVersion", gate.refusal(submission))], total + 1
        if contract is not None and isinstance(data, dict):
            inner, more = contract.compiled.violations(data, limit)
            listed, total = (
                [*listed, *(Violation(f"/data{pointer}", message) for pointer, message in inner)],
                total + more,
            )
        return Violations(sorted(listed, key=_property)[:limit], total)

    def _retire(self, contract: EventContract) -> None:
        gate, version = self._gates[contract.event_type], str(contract.version)
        gate.retired[version] = gate.contracts.pop(version)
        del self._forms[contract.event_type, version]
        if version == gate.default_version:
            del self._forms[contract.event_type, None]

    def _form(self, submission: JsonValue) -> Form:
        if not isinstance(submission, dict):
            return UNKNOWN
        try:
            return self._forms.get((submission.get("eventType"), submission.get("schemaVersion")), UNKNOWN)
        except TypeError:  # one of the two is an array or an object
            return UNKNOWN

    def _events(self, formed: Sequence[Formed]) -> list[Event]:
        """Return the events of submissions that match their contracts."""
        new_ids = iter(self._event_ids.take(sum("eventId" not in submission for _, submission in formed)))
        return [
            Event(
                form.event_type,
                form.version,
                submission["eventId"] if "eventId" in submission else next(new_ids),
                submission["data"].get(form.key_property),
                serialise(submission["data"]),
                form.version_named,
                submission["data"].get(form.owner_property, NO_OWNER),  # None is not the name of a property
                form.published_version,
                form.raised,
            )
            for form, submission in formed
        ]


def _property(violation: Violation) -> list[str]:
    return violation.pointer.split("/")[1:2]  # within one property the violations are in order already
