"""The JSON of the responses, as the contract's schemas define it: values in, text or values out."""

from __future__ import annotations

from collections.abc import Iterable
from json.encoder import encode_basestring_ascii as _quoted
from typing import Any, Final

from app.events.log.event_store import Appended, Page
from app.events.position import Position
from app.specification.contracts import Contracts, EventContract

_BOOLEANS: Final = ("false", "true")


def event_page(page: Page, last: Position) -> str:
    """Write `EventPage`; the data of each event is the text that was serialised when it was accepted."""
    events = ",".join(
        f'{{"id":"{event.id}","eventType":"{event.event_type}",'
        f'"schemaVersion":"{event.schema_version}","data":{event.data}}}'
        for event in page.events
    )
    return f'{{"events":[{events}],"lastEventId":"{last}"}}'


def published_events(appended: Iterable[Appended]) -> str:
    """Write `PublishedEvents`; no text in it needs an escape, except an eventId if the contract allows more characters one day."""
    events = ",".join(
        f'{{"id":"{event.id}","eventType":"{event.event_type}","schemaVersion":"{event.schema_version}",'
        f'"eventId":{_quoted(event.event_id)},"duplicate":{_BOOLEANS[duplicate]}}}'
        for event, duplicate in appended
    )
    return f'{{"events":[{events}]}}'


def event_types(contracts: Contracts) -> dict[str, Any]:
    """Make `EventTypes`: order events first, each group by name."""
    names = (*contracts.event_types, *contracts.control_types)
    return {"eventTypes": [_event_type(contracts, name) for name in names]}


def _event_type(contracts: Contracts, name: str) -> dict[str, Any]:
    return {
        "eventType": name,
        "kind": "order" if name in contracts.event_types else "control",
        "versions": [_version(contracts.get(name, version)) for version in contracts.versions(name)],
    }


def _version(contract: EventContract) -> dict[str, Any]:
    deprecated = contract.deprecated_on is not None
    return {
        "version": str(contract.version),
        "lifecycle": "deprecated" if deprecated else "current",
        **({"deprecatedOn": contract.deprecated_on} if deprecated else {}),
        "schema": f"/event-types/{contract.event_type}/{contract.version}",
    }
