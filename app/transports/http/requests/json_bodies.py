"""JSON bodies of requests and responses.

A request body must be `application/json`, be no larger than the contract allows, and be strict JSON. The functions for response bodies
convert events and contracts to JSON, as the contract's schemas `EventPage`, `PublishedEvents` and `EventTypes` define.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from json.encoder import encode_basestring_ascii as _quoted
from typing import Any, Final

from starlette.requests import Request

from app.events.event import StoredEvent
from app.events.event_columns import EventColumns
from app.events.log.count_events import EventCounts
from app.events.log.event_store import Appended, Page
from app.events.position import SentId
from app.events.publishing.turnstile import SMALL_BYTES, Turnstile
from app.events.stored_times import stored_times
from app.specification.contracts import Contracts, EventContract
from app.specification.deprecation import Deprecation
from app.specification.errors import Refusal
from app.specification.json_size import check_number_of_values
from app.specification.strict_json import JsonValue, parse_json

BYTES_PER_TURN: Final = 256 * 1024  # scanned or parsed in 1 to 2 ms; after more, streams go on first

_BOOLEANS: Final = ("false", "true")


class UnsupportedMediaType(Refusal):
    """Raised when a request body is not `application/json` in UTF-8, or has a Content-Encoding."""

    def __init__(self) -> None:
        super().__init__("The body must be application/json in UTF-8, without a Content-Encoding.")


class ContentTooLarge(Refusal):
    """Raised when a request body is larger than `maximum_bytes`."""

    def __init__(self, maximum_bytes: int) -> None:
        super().__init__(f"The body is larger than {maximum_bytes} bytes; send the events in more requests.")


async def read_json(
    request: Request, body: bytearray, maximum_bytes: int, maximum_values: int, turnstile: Turnstile
) -> JsonValue:
    """Read the body of a request as JSON, and return the value.

    `body`: takes what is received, also of a body that is refused. `turnstile`: orders the work on large bodies.

    Raises UnsupportedMediaType, MalformedJson, TooManyValues, or ContentTooLarge, in that case without reading the rest of the body.
    """
    _check_type(request.headers.get("content-type", ""), request.headers.get("content-encoding", ""))
    declared = request.headers.get("content-length", "0")
    if declared.isdecimal() and int(declared) > maximum_bytes:
        raise ContentTooLarge(maximum_bytes)
    async for chunk in request.stream():
        body += chunk
        if len(body) > maximum_bytes:
            raise ContentTooLarge(maximum_bytes)
    if len(body) > SMALL_BYTES:
        await turnstile.enter()
    text = bytes(body)
    check_number_of_values(text, maximum_values)
    if len(text) > BYTES_PER_TURN:
        await turnstile.enter()
    return parse_json(text)


def _check_type(content_type: str, content_encoding: str) -> None:
    media_type, *parameters = (part.strip().lower() for part in content_type.split(";"))
    charsets = [value.removeprefix("charset=").strip('"') for value in parameters if value.startswith("charset=")]
    if (
        media_type != "application/json"
        or content_encoding
        or any(charset not in ("utf-8", "utf8") for charset in charsets)
    ):
        raise UnsupportedMediaType


def event_page(page: Page, last: SentId) -> str:
    """Write a page of events as JSON (`EventPage`). `last`: the id of the place after the page, for the next request."""
    return f'{{"events":[{",".join(page_events(page))}],"lastEventId":"{last}"}}'


def page_events(page: Page) -> list[str]:
    """Write the events of a page, each as a JSON object (`PageEvent`).

    The data of an event was serialised when the event was published, and is copied.
    """
    return [
        f'{{"id":"{id}","eventType":"{event_type}","schemaVersion":"{version}","data":{data},"storedAt":"{stored_at}"}}'
        for id, (event_type, version, data, stored_at) in zip(page.ids, _sent_fields(page.events), strict=True)
    ]


def _sent_fields(events: Sequence[StoredEvent]) -> Iterable[tuple[str, str, str, str]]:
    """Return the fields of each event that are sent: event type, schema version, data, and when it was stored."""
    if isinstance(events, EventColumns):
        times = stored_times(events.stored_at_us)
        return zip(events.event_types, events.schema_versions, events.data, times, strict=True)
    times = stored_times([event.stored_at_us for event in events])
    return [
        (event.event_type, event.schema_version, event.data, time) for event, time in zip(events, times, strict=True)
    ]


def event_counts(counts: EventCounts, last: SentId) -> str:
    """Write counts of events as JSON (`EventCounts`). `last`: the id of the place up to which events were counted."""
    body = {
        "intervalSeconds": counts.interval_seconds,
        "intervals": [{"start": _at(start), "counts": by_type} for start, by_type in counts.counts.items()],
        "complete": counts.is_complete,
        "lastEventId": str(last),
    }
    return json.dumps(body, separators=(",", ":"))


def _at(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def published_events(appended: Sequence[Appended], ids: Sequence[str]) -> str:
    """Write the response to a publisher as JSON (`PublishedEvents`). `ids`: the id of each event, see `ReaderIds.of_published`.

    Only the eventId is escaped: no other string can have a character that needs an escape in JSON.
    """
    events = [
        f'{{"id":"{id}","eventType":"{event.event_type}",'
        f'"schemaVersion":"{event.schema_version}",'
        f'"eventId":{_quoted(event.event_id)},"duplicate":{_BOOLEANS[duplicate]}}}'
        for id, (event, duplicate) in zip(ids, appended, strict=True)
    ]
    return f'{{"events":[{",".join(events)}]}}'


def event_types(contracts: Contracts, now: float) -> dict[str, Any]:
    """Return the list of event types (`EventTypes`): order events first, then control events, each sorted by name.

    `now`: the present time in seconds since 1970-01-01 UTC, by which a version is deprecated or retired.
    """
    names = (*contracts.event_types, *contracts.control_types)
    return {"eventTypes": [_event_type(contracts, name, now) for name in names]}


def _event_type(contracts: Contracts, name: str, now: float) -> dict[str, Any]:
    return {
        "eventType": name,
        "kind": "order" if name in contracts.event_types else "control",
        "versions": [_version(contracts.get(name, version), now) for version in contracts.versions(name)],
    }


def _version(contract: EventContract, now: float) -> dict[str, Any]:
    deprecation = contract.deprecation
    return {
        "version": str(contract.version),
        "lifecycle": _lifecycle(deprecation, now),
        **({} if deprecation is None else deprecation.days),
        "schema": f"/event-types/{contract.event_type}/{contract.version}",
    }


def _lifecycle(deprecation: Deprecation | None, now: float) -> str:
    if deprecation is None:
        return "current"
    return "retired" if deprecation.sunset_at <= now else "deprecated"
