"""The gRPC service `OrderEvents`: its three methods take messages as bytes, call the core, and send messages as bytes."""

from __future__ import annotations

from collections import Counter
from typing import Any

import grpc

from app.access.admission import Admission
from app.access.client import Client
from app.access.errors import Unauthenticated
from app.access.permitted_events import publishable_events
from app.access.publish_rate import PublishLimit
from app.events.delivery.fan_out import FanOut
from app.events.delivery.stream_item import Closing
from app.events.delivery.subscribe import subscribe
from app.events.errors import Draining, StoreUnavailable
from app.events.log.event_log import EventLog
from app.events.publishing.publish import Publisher
from app.events.publishing.turnstile import SMALL_BYTES
from app.metrics.tally import Tally
from app.specification.contracts import Contracts
from app.specification.deprecated_majors import DeprecatedMajors
from app.specification.document import OpenApiDocument
from app.specification.errors import OrdersEventsError, Refusal
from app.transports.grpc.call_sink import CallSink
from app.transports.grpc.callers import Callers, Context
from app.transports.grpc.calls import Calls, Continued, end
from app.transports.grpc.message_deadlines import MESSAGE_SECONDS, seconds_for
from app.transports.grpc.messages.descriptors import MessageClasses
from app.transports.grpc.messages.event_messages import DataMessages
from app.transports.grpc.messages.request_messages import MalformedMessage, read_message
from app.transports.grpc.messages.responses import Responses, published_events
from app.transports.grpc.messages.submissions import read_submissions
from app.transports.grpc.messages.subscribe_request import SubscribeRequests
from app.transports.grpc.statuses import Retired, Statuses, TooOld


class OrderEventsService:
    """The handlers of the methods. The arguments are the parts of the server that the methods call.

    `classes`: the message classes. `calls`: the calls in progress. `max_request_bytes`: the size of the largest request.
    """

    def __init__(
        self,
        *,
        document: OpenApiDocument,
        contracts: Contracts,
        deprecated: DeprecatedMajors,
        log: EventLog,
        publisher: Publisher,
        fan_out: FanOut,
        admission: Admission,
        callers: Callers,
        publish_limit: PublishLimit,
        statuses: Statuses,
        tally: Tally,
        continued: Continued,
        cuts: Counter[str],
    ) -> None:
        self.log = log
        self._publisher = publisher
        self._fan_out = fan_out
        self._admission = admission
        self._callers = callers
        self._publish_limit = publish_limit
        self._statuses = statuses
        self._requests = SubscribeRequests(document, contracts, deprecated)
        self.classes = MessageClasses(document.proto)
        self._data_messages = DataMessages(document.proto, contracts)
        self._responses = Responses(self.classes, self._data_messages)
        self.calls = Calls(callers, statuses, tally, continued, cuts)
        self.max_request_bytes = document.max_body_bytes
        self._most_values = document.max_json_values
        self._most_events = document.batch_maximum

    def handler(self) -> grpc.GenericRpcHandler:
        """Return the service as grpcio takes it. Without serializers, messages stay bytes: many calls are sent the same bytes."""
        answered = self.calls.answered
        methods: dict[str, grpc.RpcMethodHandler[Any, Any]] = {
            "Subscribe": grpc.stream_stream_rpc_method_handler(answered("Subscribe", self._subscribe)),
            "Publish": grpc.stream_unary_rpc_method_handler(answered("Publish", self._publish)),
            "PublishStream": grpc.stream_stream_rpc_method_handler(answered("PublishStream", self._publish_stream)),
        }
        return grpc.method_handlers_generic_handler(self.classes.full_name, methods)

    async def _subscribe(self, _requests: object, context: Context, client: Client) -> None:
        data = await self._only_message(context, MESSAGE_SECONDS)
        request = self._requests.read(self._read("SubscribeRequest", data), client.principal)
        subscription = await subscribe(self.log, request)
        closing: Closing | None
        if isinstance(subscription, Closing):
            closing = subscription
            for message in self._responses.encode(self._fan_out.refuse(closing)):
                await context.write(message)
        else:
            # By itself, as grpcio cannot end a call whose first message is unread if its metadata are sent with that message.
            await context.send_initial_metadata(())
            leave = self._admission.admit(client, "grpc")
            sink = CallSink(self._responses.encode, context, self.calls.unread)
            closing = await sink.carry(self._fan_out, subscription, leave)
        if closing is not None and closing.reason in _INTERRUPTIONS:
            end(context, self._statuses.status(_INTERRUPTIONS[closing.reason]))

    async def _publish(self, _requests: object, context: Context, client: Client) -> bytes:
        response: Any = self.classes["PublishResponse"]
        data = await self._only_message(context, seconds_for(self.max_request_bytes))
        _, events = await self._published(client, "PublishRequest", data)
        return bytes(response(events=events).SerializeToString())

    async def _publish_stream(self, _requests: object, context: Context, client: Client) -> None:
        response: Any = self.classes["PublishStreamResponse"]
        with self.calls.held_by(context, client.principal):
            while (data := await self.calls.next_message(context)) is not grpc.aio.EOF:
                client = self._callers.client(context)  # its token may have expired since the last message
                request, events = await self._published(client, "PublishStreamRequest", data)
                await context.write(response(request=request.request, events=events).SerializeToString())

    async def _only_message(self, context: Context, seconds: float) -> bytes:
        """Read the message of a call that has one. Raises MalformedMessage if there is none."""
        data = await self.calls.next_message(context, seconds)
        if data is grpc.aio.EOF:
            raise MalformedMessage("The call has no message.")
        return bytes(data)

    def _read(self, name: str, data: bytes) -> Any:
        return read_message(self.classes[name], data, self._most_values)

    async def _published(self, client: Client, name: str, data: bytes) -> tuple[Any, list[dict[str, Any]]]:
        """Publish the events of a message. Returns the message, and what the client is sent about its events."""
        permitted = publishable_events(client.principal)
        request = await self._counted(client, name, data)
        events = request.events[: self._most_events + 1]  # with one too many, the publisher refuses all of them
        submissions = await read_submissions(events, self._data_messages, self._publisher.turnstile)
        appended = await self._publisher.publish(submissions, permitted)
        return request, published_events(appended, self.log.ids.of_published(appended, permitted))

    async def _counted(self, client: Client, name: str, data: bytes) -> Any:
        """Read a message with events to publish, and count them. A message that is refused is counted, too."""
        self._publish_limit.check(client)
        if len(data) > SMALL_BYTES:
            await self._publisher.turnstile.enter()
        try:
            request = self._read(name, data)
        except Refusal:
            self._publish_limit.count_refused(client, len(data))
            raise
        self._publish_limit.count(client, len(request.events), len(data))
        return request


# The reasons of a `Closing` after which a client was not sent all that it asked for. The status says to libraries that retry calls by
# themselves whether to come back; the message `Closing` before it says so to the others. After any other reason the status is OK.
_INTERRUPTIONS: dict[str, OrdersEventsError] = {
    "drain": Draining(),
    "max_age": TooOld(),
    "token_expired": Unauthenticated(),
    "version_retired": Retired(),
    "unavailable": StoreUnavailable("The log cannot be read now; subscribe again in a moment."),
}
