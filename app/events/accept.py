"""Accept one submitted event, or name everything about it that breaks its contract; pure but for the ids it makes."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import NamedTuple

from app.events.contracts import Contract, Contracts
from app.events.errors import InvalidContract, UnknownEventType
from app.events.event import Event, JsonValue, serialise
from app.events.schema import Breach, Schema, compile_schema
from app.events.schema_messages import MESSAGE_CHARACTERS, cut, one_of


class Breaches(NamedTuple):
    """What breaks the contract in one submission: the first breaches, ordered by pointer, and how many there are."""

    listed: list[Breach]
    total: int


class Acceptance:
    """Hold submissions `{eventType, data, eventId?, schemaVersion?}` to their contracts.

    `envelopes` holds the schema of the submission for each event type, in which `data` is any object. Raises
    InvalidContract where the event types of contracts and envelopes differ.
    """

    def __init__(self, contracts: Contracts, envelopes: Mapping[str, Schema]) -> None:
        for event_type in sorted(envelopes.keys() ^ set(contracts.event_types)):
            lacking = "contract" if event_type in envelopes else "schema for publishing it in the OpenAPI document"
            raise InvalidContract(f"The event type {event_type} has no {lacking}.")
        self._contracts = contracts
        self._envelopes = envelopes
        known: dict[str, JsonValue] = {"enum": list(contracts.event_types)}
        self._typed = compile_schema(
            {"type": "object", "required": ["eventType"], "properties": {"eventType": known}}, "OrderEvent"
        )

    def accept(self, submission: JsonValue, limit: int) -> Event | Breaches:
        """Turn a submission into an event with an id and a version, or list up to `limit` breaches."""
        listed, total = self._typed.violations(submission, limit)
        if total or not isinstance(submission, dict):
            return Breaches(listed, total)
        event_type = str(submission["eventType"])
        listed, total = self._envelopes[event_type].violations(submission, limit)
        contract = self._contract(event_type, submission)
        data = submission.get("data")
        if contract is None and not any(breach.pointer == "/schemaVersion" for breach in listed):
            versions = cut(one_of(self._contracts.versions(event_type)), MESSAGE_CHARACTERS)
            listed, total = [*listed, Breach("/schemaVersion", versions)], total + 1
        if contract is not None and isinstance(data, dict):
            inner, more = contract.compiled.violations(data, limit)
            listed, total = [*listed, *(Breach(f"/data{pointer}", message) for pointer, message in inner)], total + more
        if total or contract is None or not isinstance(data, dict):
            return Breaches(sorted(listed, key=_property)[:limit], total)
        return _event(contract, submission, data)

    def _contract(self, event_type: str, submission: Mapping[str, JsonValue]) -> Contract | None:
        version = submission.get("schemaVersion", self._contracts.default_version(event_type))
        try:
            return self._contracts.get(event_type, version) if isinstance(version, str) else None
        except UnknownEventType:
            return None


def _event(contract: Contract, submission: Mapping[str, JsonValue], data: Mapping[str, JsonValue]) -> Event:
    event_id = submission.get("eventId")
    order_id = data.get("orderId")
    return Event(
        event_type=contract.event_type,
        schema_version=contract.version,
        event_id=str(uuid.uuid4()) if event_id is None else str(event_id),
        order_id=order_id if isinstance(order_id, str) else None,
        data=serialise(data),
        version_named="schemaVersion" in submission,
    )


def _property(breach: Breach) -> list[str]:
    return breach.pointer.split("/")[1:2]  # within one property the breaches are in order already
