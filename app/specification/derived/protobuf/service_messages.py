"""The service `OrderEvents` and its own messages; a property of theirs becomes a field as one of an event schema does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from app.specification.derived.protobuf.proto_types import Property
from app.specification.derived.protobuf.proto_values import REPEATED, Method

PACKAGE: Final = "orders_events.v1"
PATH: Final = "orders_events/v1/orders_events.proto"
SERVICE: Final = "OrderEvents"
EVENT: Final = "Event"
SUBSCRIBE_REQUEST: Final = "SubscribeRequest"

METHODS: Final = (
    Method(
        "Subscribe",
        SUBSCRIBE_REQUEST,
        "SubscribeResponse",
        streams_responses=True,
        comment="Streams the events that match. The first response is a checkpoint or a gap.",
    ),
    Method("Publish", "PublishRequest", "PublishResponse", comment="Stores all events of a request, or none of them."),
    Method(
        "PublishStream",
        "PublishStreamRequest",
        "PublishStreamResponse",
        streams_requests=True,
        streams_responses=True,
        comment="Stores each request's events as Publish does, and responds in the order of the requests.",
    ),
)


class OwnMessage(NamedTuple):
    """A message of the service that is not the data of an event.

    `control_type`: the control event whose data the message has as well; empty if there is none.
    """

    comment: str
    properties: Sequence[Property] = ()
    control_type: str = ""


def _text(name: str, comment: str = "") -> Property:
    return Property(name, "string", comment=comment)


def _one_of(name: str, type: str, comment: str) -> Property:
    return Property(name, type, comment=comment, oneof="item")


_EVENT_ID: Final = _text("eventId", "The producer's own id. The same event sent again with it is not stored twice.")
_LAST_EVENT_ID: Final = _text("lastEventId", "The id to subscribe with next time: everything up to it has been sent.")
_REQUEST: Final = Property(
    "request", "int64", comment="A number of the client's choice; the response has the same one."
)
_PUBLISHED: Final = Property(
    "events", "PublishedEvent", REPEATED, "The result for each event, in the order of the request."
)
_TO_PUBLISH: Final = Property("events", EVENT, REPEATED)

EVENT_PROPERTIES: Final = (
    _text("id", "The position of the event in the log; never set in a request."),
    _text("eventType", "May be empty in a request: the data determine it."),
    _text("schemaVersion", "The version of the schema of the data; may be empty in a request."),
    _EVENT_ID,
    _text("storedAt", "When the event was stored: RFC 3339 in UTC, with milliseconds; never set in a request."),
)
"""The properties of the message `Event` beside the data."""

OWN_MESSAGES: Final[Mapping[str, OwnMessage]] = {
    "SubscribeResponse": OwnMessage(
        "One step of a stream.",
        (
            _one_of("events", "EventPage", "The next events."),
            _one_of("checkpoint", "Checkpoint", "The position to subscribe from next time, if no event has it."),
            _one_of("gap", "Gap", "Events may be missing before the next one."),
            _one_of("closing", "Closing", "The stream ends after this."),
            _one_of("deprecation", "Deprecation", "A major version that the stream has is deprecated."),
            _one_of("heartbeat", "Heartbeat", "Nothing has happened for a while, and the stream is alive."),
        ),
    ),
    "EventPage": OwnMessage(
        "Matching events, in the order of the log.", (Property("events", EVENT, REPEATED), _LAST_EVENT_ID)
    ),
    "Checkpoint": OwnMessage("A position in the log.", (_LAST_EVENT_ID,), "stream.checkpoint"),
    "Gap": OwnMessage("", (_LAST_EVENT_ID,), "stream.gap"),
    "Closing": OwnMessage("", (), "stream.closing"),
    "Deprecation": OwnMessage("", (), "stream.deprecation"),
    "Heartbeat": OwnMessage("A sign of life."),
    "PublishRequest": OwnMessage("Events to store.", (_TO_PUBLISH,)),
    "PublishResponse": OwnMessage("All events of the request are on disk.", (_PUBLISHED,)),
    "PublishStreamRequest": OwnMessage("Events to store.", (_REQUEST, _TO_PUBLISH)),
    "PublishStreamResponse": OwnMessage("All events of the request are on disk.", (_REQUEST, _PUBLISHED)),
    "PublishedEvent": OwnMessage(
        "The result for one event.",
        (
            _text("id", "The position of the event in the log."),
            _text("eventType"),
            _text("schemaVersion"),
            _EVENT_ID,
            Property("duplicate", "bool", comment="Whether the event was already in the log."),
        ),
    ),
}
