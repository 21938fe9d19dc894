"""Subscribe and publish over gRPC at the server under check."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from queue import Empty, Queue
from typing import Any

import grpc
from google.protobuf import json_format

from app.check.findings import Finding, Violated
from app.check.grpc.grpc_service import GrpcService, failure, grpc_service
from app.check.http.stream_blocks import OrderEvent
from app.check.request import excerpt
from app.check.target.received_items import Acknowledgement, Item, ReceivedItems
from app.check.target.target import SLACK_SECONDS, Target
from app.specification.derived.protobuf.proto_types import camel_case

_ANSWERED = "Every combination of valid parameters is answered."


class GrpcClient:
    """A client of the gRPC service. Each subscription and each publish has a connection of its own."""

    def __init__(self, target: Target) -> None:
        self._target = target

    @contextmanager
    def subscribe(self, parameters: Mapping[str, Any]) -> Iterator[ReceivedItems]:
        options = self._target.options
        longest = (
            2 * options.timeout_seconds + self._target.heartbeat_seconds + SLACK_SECONDS
        )  # what a check waits at most
        with grpc_service(self._target) as service:
            exchange = service.exchange("Subscribe", parameters)
            responses = _Responses(service.call("Subscribe", parameters, longest))

            def receive(seconds: float) -> Item | None:
                try:
                    return _item(responses.next(seconds))
                except grpc.RpcError as error:
                    raise failure(error, exchange, _ANSWERED) from None

            try:
                yield ReceivedItems(exchange, receive)
            finally:
                responses.close()

    def publish(self, event: Mapping[str, Any]) -> Acknowledgement:
        with grpc_service(self._target) as service:
            message = {"events": [event_message(service, event)]}
            exchange = service.exchange("Publish", message)
            try:
                answer = json_format.MessageToDict(service.call("Publish", message))
            except grpc.RpcError as error:
                raise failure(error, exchange, "An event that follows its contract is stored.") from None
        match answer:
            case {"events": [{"id": str(id), **members}]}:
                return Acknowledgement(id, bool(members.get("duplicate")), exchange)
        raise Violated(Finding("A response with one result for each event.", excerpt(answer), exchange))

    def comparable(self, data: Any) -> Any:
        """Return the data of an event with numbers as texts, as ProtoJSON has some, and without lists that are empty."""
        match data:
            case bool() | None | str():
                return data
            case list():
                return [self.comparable(each) for each in data]
            case dict():
                return {name: self.comparable(each) for name, each in data.items() if each != []}
        return str(int(data) if data == int(data) else data)


class _Responses:
    """The responses of a call, read by a thread, because grpcio cannot limit the time until the next one."""

    def __init__(self, call: Any) -> None:
        self._call = call
        self._queue: Queue[Any] = Queue(maxsize=8)
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def next(self, seconds: float) -> Any:
        """Return the next response; None if the call has ended with OK. Raises TimeoutError, grpc.RpcError."""
        try:
            response = self._queue.get(timeout=seconds)
        except Empty:
            raise TimeoutError from None
        if isinstance(response, grpc.RpcError):
            raise response
        return response

    def close(self) -> None:
        """Cancel the call, and wait until the thread has ended."""
        self._call.cancel()
        while self._thread.is_alive():
            try:
                self._queue.get(timeout=0.1)
            except Empty:
                continue

    def _read(self) -> None:
        try:
            for response in self._call:
                self._queue.put(response)
        except grpc.RpcError as error:
            self._queue.put(error)
        else:
            self._queue.put(None)


def _item(response: Any) -> Item | None:
    if response is None:
        return None
    kind = response.WhichOneof("item") or "nothing"
    members = json_format.MessageToDict(response).get(kind, {})
    events = response.events.events if kind == "events" else ()
    envelopes = [json_format.MessageToDict(each) for each in events]
    return Item(kind, members, [_order_event(each) for each in events], envelopes, response.ByteSize())


def _order_event(event: Any) -> OrderEvent:
    member = event.WhichOneof("data")
    data = None if member is None else json_format.MessageToDict(getattr(event, member))
    return OrderEvent(event.id, event.event_type, json.dumps(data))


def event_message(service: GrpcService, event: Mapping[str, Any]) -> dict[str, Any]:
    """Return an event to publish in ProtoJSON. Its data are in the field for the oldest major version of its type."""
    prefix = f"{camel_case(event['eventType'])}V"
    fields = service.file.message_types_by_name["Event"].fields
    members = [each.json_name for each in fields if each.message_type and each.message_type.name.startswith(prefix)]
    envelope = {name: value for name, value in event.items() if name != "data"}
    return {**envelope, **dict.fromkeys(members[:1], event["data"])}
