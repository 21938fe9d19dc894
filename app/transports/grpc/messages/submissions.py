"""The events of a publish request as submissions: JSON objects of the form that the contract has for publishing."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

from app.events.publishing.turnstile import Turnstile
from app.specification.errors import ContractViolation, EventViolation
from app.specification.strict_json import JsonValue, parse_json
from app.transports.grpc.messages.event_messages import DataMessages

EVENTS_AT_ONCE: Final = 50  # converted in 1 to 3 ms; after more, streams go on first


async def read_submissions(events: Sequence[Any], data_messages: DataMessages, turnstile: Turnstile) -> list[JsonValue]:
    """Return the submissions that the messages `Event` of a request make. They have not been checked against the contract.

    `turnstile`: orders the work on many events. Raises MalformedJson if a number cannot be in JSON text, such as NaN or 2^53, and
    ContractViolation if the data of an event are of another type than its `event_type` says.
    """
    submissions: list[JsonValue] = []
    for start in range(0, len(events), EVENTS_AT_ONCE):
        if len(events) > EVENTS_AT_ONCE:
            await turnstile.enter()
        part = events[start : start + EVENTS_AT_ONCE]
        made = [_submission(start + index, event, data_messages) for index, event in enumerate(part)]
        parsed: Any = parse_json(json.dumps(made, ensure_ascii=False).encode())
        submissions += parsed
    return submissions


def _submission(index: int, event: Any, data_messages: DataMessages) -> dict[str, JsonValue]:
    fields = {
        "id": event.id,
        "eventType": event.event_type,
        "schemaVersion": event.schema_version or data_messages.version(event),
        "eventId": event.event_id,
        "storedAt": event.stored_at,
    }
    submission: dict[str, JsonValue] = {name: value for name, value in fields.items() if value}
    found = data_messages.json_object(event)
    if found is not None:
        event_type, data = found
        if submission.setdefault("eventType", event_type) != event_type:
            raise ContractViolation([EventViolation(index, "/eventType", f"must be {event_type}, as the data are")], 1)
        submission["data"] = data
    return submission
