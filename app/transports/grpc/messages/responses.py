"""The items of a stream, and the results of publishing, as messages in their bytes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any, Final

from google.protobuf.json_format import ParseDict

from app.events.delivery.encoded import EncodedPages
from app.events.delivery.stream_item import Checkpoint, Closing, Heartbeat, NextItem, StreamItem, StreamStart
from app.events.event import StoredEvent
from app.events.event_columns import EventColumns
from app.events.log.event_store import Appended, Page
from app.events.position import Gap
from app.events.stored_times import stored_times
from app.transports.grpc.messages.descriptors import MessageClasses
from app.transports.grpc.messages.event_messages import DataMessages

# Clients refuse a message of more than 4 MiB, and one message of each reader is in memory until it has been sent.
MAX_MESSAGE_BYTES: Final = 512 * 1024


class Responses:
    """The encoder of the messages `SubscribeResponse`. A page that is sent to many clients is encoded only once.

    `classes`: the message classes. `data_messages`: the messages for the data of events.
    """

    def __init__(self, classes: MessageClasses, data_messages: DataMessages) -> None:
        self._response: Any = classes["SubscribeResponse"]
        self._deprecation: Any = classes["Deprecation"]
        self._data_messages = data_messages
        self._pages = EncodedPages(self._encode)

    def encode(self, item: StreamItem) -> tuple[bytes, ...]:
        """Encode an item of a stream as one message; a page that is too large for one, and a start with deprecations, as several."""
        if not isinstance(item, StreamStart):
            return self._pages.encode(item)
        told = (self._single(deprecation=ParseDict(each.data, self._deprecation())) for each in item.deprecations)
        return (*self._encode(item.first), *chain.from_iterable(told))

    def _encode(self, item: NextItem) -> tuple[bytes, ...]:
        match item:
            case Page(events=events):
                return self._encode_events(item.ids, events)
            case Heartbeat():
                return self._single(heartbeat={})
            case Checkpoint(position):
                return self._single(checkpoint={"last_event_id": str(position)})
            case Gap(reason, requested, earliest):
                last = str(earliest)
                gap = {"last_event_id": last, "reason": reason, "requested": requested, "earliest": last}
                return self._single(gap=gap)
            case Closing(reason):
                return self._single(closing={"reason": reason})

    def _single(self, **item: Any) -> tuple[bytes, ...]:
        message: bytes = self._response(**item).SerializeToString()
        return (message,)

    def _encode_events(self, ids: Sequence[str], events: Sequence[StoredEvent]) -> tuple[bytes, ...]:
        # The library makes all messages of a page at once: to make them one by one takes a third more time.
        page = [
            {
                "id": id,
                "event_type": event_type,
                "schema_version": schema_version,
                "event_id": event_id,
                "stored_at": stored_at,
                **self._data_messages.arguments(event_type, schema_version, data),
            }
            for id, (event_type, schema_version, event_id, stored_at, data) in zip(
                ids, _sent_fields(events), strict=True
            )
        ]
        response = self._single(events={"events": page, "last_event_id": page[-1]["id"]})
        if len(events) > 1 and len(response[0]) > MAX_MESSAGE_BYTES:
            middle = len(events) // 2
            return tuple(
                message
                for part in (slice(middle), slice(middle, None))
                for message in self._encode_events(ids[part], events[part])
            )
        return response


def published_events(appended: Sequence[Appended], ids: Sequence[str]) -> list[dict[str, Any]]:
    """Return the keyword arguments for the messages `PublishedEvent` in the response to a publisher.

    `ids`: the id of each event, see `ReaderIds.of_published`.
    """
    return [
        {
            "id": id,
            "event_type": stored.event_type,
            "schema_version": stored.schema_version,
            "event_id": stored.event_id,
            "duplicate": duplicate,
        }
        for id, (stored, duplicate) in zip(ids, appended, strict=True)
    ]


def _sent_fields(events: Sequence[StoredEvent]) -> Iterable[tuple[str, str, str, str, Any]]:
    """Return the fields of each event that are sent: event type, schema version, event id, when it was stored, and data as an object."""
    columns = events if isinstance(events, EventColumns) else EventColumns(*zip(*events, strict=True))
    times = stored_times(columns.stored_at_us)
    # One text for all data: to parse each alone takes three times as long.
    data = json.loads(f"[{','.join(columns.data)}]")
    return zip(columns.event_types, columns.schema_versions, columns.event_ids, times, data, strict=True)
