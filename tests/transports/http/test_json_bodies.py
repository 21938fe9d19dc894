from __future__ import annotations

import json

from app.events.event import StoredEvent
from app.events.filter import EVERYTHING
from app.events.log.event_store import ID_KEY_BYTES, Appended
from app.events.log.reader_ids import ReaderIds
from app.transports.http.requests.json_bodies import published_events

IDS = ReaderIds(bytes(ID_KEY_BYTES))


def stored(offset: int, event_id: str) -> StoredEvent:
    return StoredEvent(offset, "k7f3q2xw", "order.shipped", "1.1.0", event_id, "or_1", 0, "{}")


def test_published_events_are_written_in_one_line() -> None:
    appended = [Appended(stored(1042, "e-1"), duplicate=False), Appended(stored(7, "e-0"), duplicate=True)]
    assert published_events(appended, IDS.of_published(appended, EVERYTHING)) == (
        '{"events":[{"id":"k7f3q2xw-1042","eventType":"order.shipped","schemaVersion":"1.1.0","eventId":"e-1",'
        '"duplicate":false},{"id":"k7f3q2xw-7","eventType":"order.shipped","schemaVersion":"1.1.0","eventId":"e-0",'
        '"duplicate":true}]}'
    )


def test_an_event_id_is_escaped_as_json_wants_it() -> None:
    event_id = 'a"b\\c\n\u2028é'
    written = published_events([Appended(stored(1, event_id), duplicate=False)], ["k7f3q2xw-1"])
    assert json.loads(written)["events"][0]["eventId"] == event_id
    assert written.isascii()
