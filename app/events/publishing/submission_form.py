"""The forms of submitted events: what their contract demands of all events of one type and version, and how these are stored.

Events of an older major version are stored in the newest one of their type, so that the log has one form of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, TypeAlias

from app.events.event import StoredEvent, as_stored
from app.specification.contracts import Contracts, EventContract
from app.specification.conversion.conversion import Conversion
from app.specification.schema.messages import MESSAGE_CHARACTERS, cut, one_of
from app.specification.schema.schema import Schema
from app.specification.schema.verdict import Verdict, compile_verdict
from app.specification.strict_json import JsonValue

_Convert: TypeAlias = Callable[[dict[str, Any]], dict[str, Any]]
_Raise: TypeAlias = Callable[[StoredEvent], StoredEvent]


@dataclass(frozen=True, slots=True)
class Gate:
    """The schemas that a submitted event of one type must match.

    `envelope`: the schema of the whole submission. `contracts`: for each schema version, the contract that the `data` must
    match; those that are retired are removed. `retired`: the removed ones. `stored_form`: returns how the `data` of a schema version are
    converted to be stored. `default_version`: the version of a submission that has no `schemaVersion`.
    """

    envelope: Schema
    contracts: dict[str, EventContract]
    stored_form: Callable[[str], Conversion]
    default_version: str
    retired: dict[str, EventContract] = field(default_factory=dict)

    @property
    def stores_as_published(self) -> bool:
        return all(self.stored_form(version).is_identity for version in self.contracts)

    def contract(self, submission: Mapping[str, JsonValue]) -> EventContract | None:
        version = submission.get("schemaVersion", self.default_version)
        return self.contracts.get(version) if isinstance(version, str) else None

    def refusal(self, submission: Mapping[str, JsonValue]) -> str:
        """Return why the version of a submission, which has no contract here, is not accepted."""
        version = submission.get("schemaVersion", self.default_version)
        retired = self.retired.get(str(version))
        rule = one_of(tuple(self.contracts), version) if self.contracts else "no version is accepted any more"
        if retired is not None and retired.deprecation is not None:
            rule = f"{rule}; {retired.version} was retired on {retired.deprecation.sunset_on}"
        return cut(rule, MESSAGE_CHARACTERS)


@dataclass(frozen=True, slots=True, eq=False)
class Form:
    """The form of the submissions that have the same `eventType` and the same `schemaVersion`, or no `schemaVersion`.

    `version`, `version_named`, `published_version`, `raised`: of the events, see `Event`. `owner_property`: the property of the data that
    has the owner; None if such events have no owner. `key_property`: the property that has the key, by which readers filter. `accepts`:
    returns whether all submissions in a list match both their envelope and their contract. `convert`: converts the data to `version`;
    None if they are stored as they are published.
    """

    event_type: str
    version: str
    version_named: bool
    owner_property: str | None
    key_property: str
    accepts: Verdict
    published_version: str = ""
    convert: _Convert | None = None
    raised: _Raise = as_stored


UNKNOWN: Final = Form("", "", version_named=False, owner_property=None, key_property="", accepts=lambda _: False)
Formed: TypeAlias = tuple[Form, Any]
"""A submission with its form."""


def gate_of(contracts: Contracts, event_type: str, envelope: Schema) -> Gate:
    versions = {str(version): contracts.get(event_type, version) for version in contracts.versions(event_type)}
    stored_form = partial(contracts.stored_form, event_type)
    return Gate(envelope, versions, stored_form, str(contracts.default_version(event_type)))


def forms_of(event_type: str, gate: Gate) -> Iterator[tuple[tuple[JsonValue, JsonValue], Form]]:
    """Yield each form of submissions of an event type, with the `eventType` and the `schemaVersion` of such submissions."""
    raised = as_stored if gate.stores_as_published else partial(_raised, gate.stored_form)
    for version, contract in gate.contracts.items():
        data: JsonValue = {"required": ["data"], "properties": {"data": contract.schema}}
        accepts = compile_verdict({"type": "array", "items": {"allOf": [dict(gate.envelope.source), data]}})
        stored = gate.stored_form(version)
        form = partial(
            Form,
            event_type,
            stored.version,
            owner_property=contract.owner_property,
            key_property=contract.key_property,
            accepts=accepts,
            published_version="" if stored.is_identity else version,
            convert=None if stored.is_identity else stored.convert,
            raised=raised,
        )
        yield (event_type, version), form(version_named=stored.is_identity)
        if version == gate.default_version:
            yield (event_type, None), form(version_named=False)


def converted(formed: Formed) -> Formed:
    """Return a submission with its data as they are to be stored."""
    form, submission = formed
    if form.convert is None:
        return formed
    return form, {**submission, "data": form.convert(submission["data"])}


def _raised(stored_form: Callable[[str], Conversion], stored: StoredEvent) -> StoredEvent:
    """Return a stored event as it would be stored today. `stored_form`: how events of its type are stored, also those of a version that
    was removed, or that only a newer server knows.
    """
    conversion = stored_form(stored.schema_version)
    if conversion.is_identity:
        return stored
    return stored._replace(schema_version=conversion.version, data=conversion.text(stored.data))
