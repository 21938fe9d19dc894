"""The messages of a server, as its reflection describes them (https://github.com/grpc/grpc/blob/master/doc/server-reflection.md).

A response becomes the frames that an event stream would have brought, so everything else is the same for both.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from google.protobuf.descriptor_database import DescriptorDatabase
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import DecodeError
from google.protobuf.message_factory import GetMessageClass

from ...errors import UnexpectedAnswer
from ...protocol.frame import Frame
from ...protocol.retries import reconnect_ms
from ...protocol.stream_options import StreamRequest
from .from_messages import json_object
from .to_messages import Fault, fill

SERVICE: Final = "orders_events.v1.OrderEvents"

_PACKAGE: Final = "orders_events.v1"


class NotCarried(Exception):
    """Raised when the messages of a server cannot carry a request. `faults`: which parts of the request, and why."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(faults)
        self.faults = faults


class DescribedMessages:
    """The messages of the service `OrderEvents`.

    `files`: the serialised descriptors of its `.proto` and of the files that it imports. Raises UnexpectedAnswer if they do
    not describe the service.
    """

    def __init__(self, files: Iterable[bytes]) -> None:
        database = DescriptorDatabase()
        try:
            for file in files:
                database.Add(FileDescriptorProto.FromString(file))
            pool = DescriptorPool(database)
            subscribe_request, self.subscribe_response, publish_request, self.publish_response, event = (
                GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.{name}"))
                for name in ("SubscribeRequest", "SubscribeResponse", "PublishRequest", "PublishResponse", "Event")
            )
        except (DecodeError, KeyError, TypeError) as error:
            raise UnexpectedAnswer(f"The server does not describe the messages of {SERVICE}: {error}.") from None
        self._subscribe_request: Any = subscribe_request
        self._publish_request: Any = publish_request
        self._members = {each.message_type.name: each.name for each in event.DESCRIPTOR.fields if each.message_type}

    def subscribe_request(self, request: StreamRequest) -> bytes:
        """Return the message that asks for a stream. Raises NotCarried."""
        message = self._subscribe_request()
        return _serialized(message, fill(message, request.members))

    def publish_request(self, events: bytes) -> bytes:
        """Return the message that publishes events. `events`: a JSON array. Raises NotCarried."""
        message = self._publish_request()
        faults = (
            fault
            for index, event in enumerate(json.loads(events))
            for fault in self._fill_event(message.events.add(), event, f"/events/{index}")
        )
        return _serialized(message, faults)

    def frames(self, response: Any, retry_ms: int | None = None) -> Iterator[Frame]:
        """Return the frames that a response stands for; none for heartbeats and for items that this client does not know.

        `retry_ms`: after a closing, the wait that the server asks for before the next connection.
        """
        match response.WhichOneof("item"):
            case "checkpoint":
                yield Frame("stream.checkpoint", response.checkpoint.last_event_id, {}, reconnect_ms())
            case "gap":
                yield Frame("stream.gap", response.gap.last_event_id, json_object(response.gap), reconnect_ms())
            case "events":
                newest = ""
                for event in response.events.events:
                    newest = event.id
                    yield Frame(event.event_type, event.id, _data(event))
                if response.events.last_event_id != newest:  # the filter skipped events after the newest that matched
                    yield Frame("stream.checkpoint", response.events.last_event_id, {})
            case "deprecation":
                yield Frame("stream.deprecation", "", json_object(response.deprecation))
            case "closing":
                yield Frame("stream.closing", "", json_object(response.closing), retry_ms)

    def _fill_event(self, message: Any, event: Mapping[str, Any], pointer: str) -> Iterator[Fault]:
        yield from fill(message, {name: value for name, value in event.items() if name != "data"}, pointer)
        member = self._member(event.get("eventType"), event.get("schemaVersion"))
        if "data" not in event:
            return
        if member is None:
            yield Fault(f"{pointer}/eventType", "is not an event type for which the server has a message")
        else:
            getattr(message, member).SetInParent()
            yield from fill(getattr(message, member), event["data"], f"{pointer}/data")

    def _member(self, event_type: Any, version: Any) -> str | None:
        """Return the field for the data of an event: that of its major version, or of the oldest one if there is none for it."""
        name = "".join(word[:1].upper() + word[1:] for word in re.split("[._]", str(event_type)))
        members = {each: field for each, field in self._members.items() if each.rpartition("V")[0] == name}
        major = str(version).partition(".")[0]
        return members.get(f"{name}V{major}") or members.get(min(members, key=_shorter_first, default=""))


def _shorter_first(name: str) -> tuple[int, str]:
    return len(name), name  # V9 before V10


def _data(event: Any) -> dict[str, Any] | None:
    member = event.WhichOneof("data")
    return None if member is None else json_object(getattr(event, member))


def _serialized(message: Any, faults: Iterable[Fault]) -> bytes:
    found = list(faults)  # the message is complete afterwards
    if found:
        raise NotCarried(found)
    return bytes(message.SerializeToString())
