"""What streams share."""

from __future__ import annotations

from app.events.delivery.fan_out import FanOut
from app.events.event import StoredEvent
from app.events.log.event_log import EventLog
from app.events.log.event_store import Page
from app.server.take_over import chunked, close_delimited
from app.stores.memory import MemoryStore
from app.transports.http.response import Streams

PAGE = Page([StoredEvent(1, "k7f3q2aa", "order.shipped", "1.0.0", "e-1", "or_1", 0, "{}")], through=1)


def test_page_is_encoded_and_coded_once_for_all_who_are_sent_it() -> None:
    streams = Streams(FanOut(EventLog(MemoryStore(10)), heartbeat_seconds=15), retry_ms=(1, 1))
    bodies = []
    for coding in (chunked, close_delimited, chunked):
        written = streams.written_in(coding)
        if written.step is not PAGE:
            written.write(PAGE)
        bodies.append(written.body)
    assert streams.encode(PAGE) is streams.encode(PAGE) is bodies[1]
    assert bodies[0] is bodies[2]
