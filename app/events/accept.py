"""The check of a submitted event against its contract.

The result is the event to store, or the list of all violations of the contract.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from app.events.event import Event, new_event_id
from app.specification.contracts import Contracts, EventContract
from app.specification.errors import InvalidContract
from app.specification.schema.messages import MESSAGE_CHARACTERS, cut, one_of
from app.specification.schema.schema import Schema, Violation, compile_schema
from app.specification.strict_json import JsonValue, serialise


class Violations(NamedTuple):
    """The violations in one submitted event: `listed` has the first violations, ordered by JSON pointer; `total` is the number
    of all violations.
    """

    listed: list[Violation]
    total: int


class _Gate(NamedTuple):
    """The schemas that a submitted event of one type must match.

    `envelope`: the schema of the whole submission. `contracts`: for each schema version, the contract that the `data` must
    match. `default_version`: the version of a submission that has no `schemaVersion`.
    """

    envelope: Schema
    contracts: Mapping[str, EventContract]
    default_version: str

    def contract(self, submission: Mapping[str, JsonValue]) -> EventContract | None:
        version = submission.get("schemaVersion", self.default_version)
        return self.contracts.get(version) if isinstance(version, str) else None


class Acceptance:
    """The check of submitted events `{eventType, data, eventId?, schemaVersion?}` against the contracts of their types.

    `contracts`: the schemas of `data`, for each event type and version. `envelopes`: for each event type, the schema of the
    whole submission, in which `data` may be any object. Raises InvalidContract if the contracts and the envelopes are not for
    the same event types.
    """

    def __init__(self, contracts: Contracts, envelopes: Mapping[str, Schema]) -> None:
        for event_type in sorted(envelopes.keys() ^ set(contracts.event_types)):
            lacking = "contract" if event_type in envelopes else "schema for publishing it in the OpenAPI document"
            raise InvalidContract(f"The event type {event_type} has no {lacking}.")
        self._gates = {name: _gate(contracts, name, envelope) for name, envelope in envelopes.items()}
        known: dict[str, JsonValue] = {"enum": list(contracts.event_types)}
        self._typed = compile_schema(
            {"type": "object", "required": ["eventType"], "properties": {"eventType": known}}, "OrderEvent"
        )

    def accept(self, submission: JsonValue, limit: int) -> Event | Violations:
        """Check one submitted event.

        Returns the event, with an id and a schema version, or the violations of its contract, of which at most `limit` are
        listed.
        """
        event = self._accepted(submission)
        return self._violations(submission, limit) if event is None else event

    def _accepted(self, submission: JsonValue) -> Event | None:
        """Return the event of a submission; None if the submission violates its contract.

        This check is fast and does not report what is wrong. Violations are rare, so a second, slower check then collects
        them.
        """
        if not isinstance(submission, dict):
            return None
        event_type, data = submission.get("eventType"), submission.get("data")
        gate = self._gates.get(event_type) if isinstance(event_type, str) else None
        if gate is None or not isinstance(data, dict) or not gate.envelope.accepts(submission):
            return None
        contract = gate.contract(submission)
        return _event(contract, submission, data) if contract is not None and contract.compiled.accepts(data) else None

    def _violations(self, submission: JsonValue, limit: int) -> Violations:
        listed, total = self._typed.violations(submission, limit)
        if total or not isinstance(submission, dict):
            return Violations(listed, total)
        gate, data = self._gates[str(submission["eventType"])], submission.get("data")
        listed, total = gate.envelope.violations(submission, limit)
        contract = gate.contract(submission)
        if contract is None and not any(violation.pointer == "/schemaVersion" for violation in listed):
            versions = cut(one_of(tuple(gate.contracts)), MESSAGE_CHARACTERS)
            listed, total = [*listed, Violation("/schemaVersion", versions)], total + 1
        if contract is not None and isinstance(data, dict):
            inner, more = contract.compiled.violations(data, limit)
            listed, total = (
                [*listed, *(Violation(f"/data{pointer}", message) for pointer, message in inner)],
                total + more,
            )
        return Violations(sorted(listed, key=_property)[:limit], total)


def _gate(contracts: Contracts, event_type: str, envelope: Schema) -> _Gate:
    versions = {str(version): contracts.get(event_type, version) for version in contracts.versions(event_type)}
    return _Gate(envelope, versions, str(contracts.default_version(event_type)))


def _event(contract: EventContract, submission: Mapping[str, JsonValue], data: Mapping[str, JsonValue]) -> Event:
    event_id = submission.get("eventId")
    order_id = data.get("orderId")
    return Event(
        contract.event_type,
        str(contract.version),
        new_event_id() if event_id is None else str(event_id),
        order_id if isinstance(order_id, str) else None,
        serialise(data),
        "schemaVersion" in submission,
    )


def _property(violation: Violation) -> list[str]:
    return violation.pointer.split("/")[1:2]  # within one property the violations are in order already
