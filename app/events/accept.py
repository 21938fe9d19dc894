"""The check of a submitted event against its contract.

The result is the event to store, or the list of all violations of the contract.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

from app.events.event import NO_OWNER, Event
from app.events.event_ids import EventIds
from app.events.sunsets import Sunsets
from app.specification.contracts import Contracts, EventContract
from app.specification.errors import InvalidContract
from app.specification.schema.messages import MESSAGE_CHARACTERS, cut, one_of
from app.specification.schema.schema import Schema, Violation, compile_schema
from app.specification.schema.verdict import Verdict, compile_verdict
from app.specification.strict_json import JsonValue, serialise


class Violations(NamedTuple):
    """The violations in one submitted event: `listed` has the first violations, ordered by JSON pointer; `total` is the number
    of all violations.
    """

    listed: list[Violation]
    total: int


@dataclass(frozen=True, slots=True)
class _Gate:
    """The schemas that a submitted event of one type must match.

    `envelope`: the schema of the whole submission. `contracts`: for each schema version, the contract that the `data` must
    match; those that are retired are removed. `retired`: the removed ones. `default_version`: the version of a submission that has
    no `schemaVersion`.
    """

    envelope: Schema
    contracts: dict[str, EventContract]
    default_version: str
    retired: dict[str, EventContract] = field(default_factory=dict)

    def contract(self, submission: Mapping[str, JsonValue]) -> EventContract | None:
        version = submission.get("schemaVersion", self.default_version)
        return self.contracts.get(version) if isinstance(version, str) else None

    def refusal(self, submission: Mapping[str, JsonValue]) -> str:
        """Return why the version of a submission, which has no contract here, is not accepted."""
        retired = self.retired.get(str(submission.get("schemaVersion", self.default_version)))
        rule = one_of(tuple(self.contracts)) if self.contracts else "no version is accepted any more"
        if retired is not None and retired.deprecation is not None:
            rule = f"{rule}; {retired.version} was retired on {retired.deprecation.sunset_on}"
        return cut(rule, MESSAGE_CHARACTERS)


@dataclass(frozen=True, slots=True, eq=False)
class _Form:
    """The form of the submissions that have the same `eventType` and the same `schemaVersion`, or no `schemaVersion`.

    `owner_property`: the property of the data that has the owner; None if such events have no owner. `key_property`: the property that
    has the key, by which readers filter. `accepts`: returns whether all submissions in a list match both their envelope and their
    contract.
    """

    event_type: str
    version: str
    version_named: bool
    owner_property: str | None
    key_property: str
    accepts: Verdict


_UNKNOWN = _Form("", "", version_named=False, owner_property=None, key_property="", accepts=lambda _: False)


class Acceptance:
    """The check of submitted events `{eventType, data, eventId?, schemaVersion?}` against the contracts of their types.

    `contracts`: the schemas of `data`, for each event type and version. `envelopes`: for each event type, the schema of the
    whole submission, in which `data` may be any object. `clock`: returns the time in seconds since 1970-01-01 UTC; a version is not
    accepted any more from its sunset on. Raises InvalidContract if the contracts and the envelopes are not for the same event types.
    """

    def __init__(
        self, contracts: Contracts, envelopes: Mapping[str, Schema], clock: Callable[[], float] = time.time
    ) -> None:
        for event_type in sorted(envelopes.keys() ^ set(contracts.event_types)):
            lacking = "contract" if event_type in envelopes else "schema for publishing it in the OpenAPI document"
            raise InvalidContract(f"The event type {event_type} has no {lacking}.")
        self._gates = {name: _gate(contracts, name, envelope) for name, envelope in envelopes.items()}
        self._forms = {key: form for name, gate in self._gates.items() for key, form in _forms(name, gate)}
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
        groups: defaultdict[_Form, list[JsonValue]] = defaultdict(list)
        for form, submission in formed:
            groups[form].append(submission)
        if not all(form.accepts(group) for form, group in groups.items()):
            return None
        return self._events(formed)

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

    def _form(self, submission: JsonValue) -> _Form:
        if not isinstance(submission, dict):
            return _UNKNOWN
        try:
            return self._forms.get((submission.get("eventType"), submission.get("schemaVersion")), _UNKNOWN)
        except TypeError:  # one of the two is an array or an object
            return _UNKNOWN

    def _events(self, formed: Sequence[tuple[_Form, Any]]) -> list[Event]:
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
            )
            for form, submission in formed
        ]


def _gate(contracts: Contracts, event_type: str, envelope: Schema) -> _Gate:
    versions = {str(version): contracts.get(event_type, version) for version in contracts.versions(event_type)}
    return _Gate(envelope, versions, str(contracts.default_version(event_type)))


def _forms(event_type: str, gate: _Gate) -> Iterator[tuple[tuple[JsonValue, JsonValue], _Form]]:
    """Yield each form of submissions of an event type, with the `eventType` and the `schemaVersion` of such submissions."""
    for version, contract in gate.contracts.items():
        data: JsonValue = {"required": ["data"], "properties": {"data": contract.schema}}
        accepts = compile_verdict({"type": "array", "items": {"allOf": [dict(gate.envelope.source), data]}})
        form = partial(
            _Form,
            event_type,
            version,
            owner_property=contract.owner_property,
            key_property=contract.key_property,
            accepts=accepts,
        )
        yield (event_type, version), form(version_named=True)
        if version == gate.default_version:
            yield (event_type, None), form(version_named=False)


def _property(violation: Violation) -> list[str]:
    return violation.pointer.split("/")[1:2]  # within one property the violations are in order already
