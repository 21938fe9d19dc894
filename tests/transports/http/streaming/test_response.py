"""The bytes that streams share."""

from __future__ import annotations

from app.access.admission import Admission, StreamLimits
from app.access.reconnection import Reconnection
from app.events.delivery.fan_out import FanOut
from app.events.event import StoredEvent
from app.events.log.event_log import EventLog
from app.events.log.event_store import Page
from app.metrics.tally import Tally
from app.server.take_over import chunked, close_delimited
from app.stores.memory import MemoryStore
from app.transports.http.streaming.response import EventStreams

PAGE = Page([StoredEvent(1, "k7f3q2aa", "order.shipped", "1.0.0", "e-1", "or_1", 0, "{}")], through=1)


def test_a_page_is_encoded_once_and_framed_once_for_each_transfer_coding() -> None:
    fan_out = FanOut(EventLog(MemoryStore(10)), heartbeat_seconds=15)
    streams = EventStreams(fan_out, Admission(StreamLimits(), Tally()), Reconnection((1, 1)))
    frames = []
    for coding in (chunked, close_delimited, chunked):
        last = streams.last_item(coding)
        if last.item is not PAGE:
            last.hold(PAGE)
        frames.append(last.frame)
    assert streams.encode(PAGE) is streams.encode(PAGE) is frames[1]
    assert frames[0] is frames[2]
