"""The JSON that operations answer with, as the contract's schemas have it: values in, text or values out."""

from __future__ import annotations

from typing import Any

from app.events.contracts import Contract, Contracts
from app.events.position import Position
from app.events.store import Appended, Page


def event_page(page: Page, last: Position) -> str:
    """Write `EventPage`; the data of each event is the text that was serialised when it was accepted."""
    events = ",".join(
        f'{{"id":"{event.position}","eventType":"{event.event_type}",'
        f'"schemaVersion":"{event.schema_version}","data":{event.data}}}'
        for event in page.events
    )
    return f'{{"events":[{events}],"lastEventId":"{last}"}}'


def published_events(appended: list[Appended]) -> dict[str, Any]:
    """Make `PublishedEvents`."""
    return {"events": [_published_event(each) for each in appended]}


def event_types(contracts: Contracts) -> dict[str, Any]:
    """Make `EventTypes`: order events first, each group by name."""
    names = (*contracts.event_types, *contracts.control_types)
    return {"eventTypes": [_event_type(contracts, name) for name in names]}


def _published_event(appended: Appended) -> dict[str, Any]:
    stored = appended.stored
    return {
        "id": str(stored.position),
        "eventType": stored.event_type,
        "schemaVersion": stored.schema_version,
        "eventId": stored.event_id,
        "duplicate": appended.duplicate,
    }


def _event_type(contracts: Contracts, name: str) -> dict[str, Any]:
    return {
        "eventType": name,
        "kind": "order" if name in contracts.event_types else "control",
        "versions": [_version(contracts.get(name, version)) for version in contracts.versions(name)],
    }


def _version(contract: Contract) -> dict[str, Any]:
    deprecated = contract.deprecated_on is not None
    return {
        "version": contract.version,
        "lifecycle": "deprecated" if deprecated else "current",
        **({"deprecatedOn": contract.deprecated_on} if deprecated else {}),
        "schema": f"/event-types/{contract.event_type}/{contract.version}",
    }
