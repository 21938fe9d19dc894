"""The ways to read the log, each with the library that is usual for it and nothing of ours. All of them yield the same events."""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, NamedTuple, Self, TypeAlias

import grpc
import httpx
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.json_format import MessageToDict
from httpx_sse import connect_sse
from websockets.exceptions import ConnectionClosedError, InvalidMessage, InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from tests.support.publishers import NO_TLS
from tests.support.server_process import ServerProcess
from tests.support.subscribers import ANSWER_SECONDS
from tests.transports.grpc.foreign import GrpcClient

PAGE_EVENTS: Final = 40
PAGE_WAIT_SECONDS: Final = 2
SILENT_SECONDS: Final = 15

_CUT: Final = (ConnectionError, httpx.NetworkError, httpx.RemoteProtocolError, InvalidMessage, ConnectionClosedError)


class Address(NamedTuple):
    """The addresses of a server: its port of HTTP and WebSocket, and its address of gRPC, with the messages that its reflection describes."""

    port: int
    grpc: str
    messages: DescriptorPool

    @classmethod
    def of(cls, server: ServerProcess) -> Self:
        with GrpcClient(server.grpc_address) as client:
            return cls(server.port, server.grpc_address, client.pool)

    @property
    def events_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/events/orders"


class Event(NamedTuple):
    """An order event as a transport carries it. `schema_version`: None on an event stream, which does not say it."""

    id: str
    event_type: str
    schema_version: str | None
    data: Any


class Position(NamedTuple):
    """The id to go on from, which a checkpoint has moved."""

    id: str


class Start(NamedTuple):
    """The start of a stream: after an id, or at the earliest event if there is none. `event_types`: the types to read, or empty for all."""

    last_event_id: str | None
    event_types: Sequence[str]

    @property
    def parameters(self) -> dict[str, Any]:
        """The parameters under their names in the contract."""
        place = {"from": "earliest"} if self.last_event_id is None else {"lastEventId": self.last_event_id}
        return {**place, "eventTypes": list(self.event_types)} if self.event_types else place


class Interrupted(Exception):
    """Raised when a connection is cut, or is refused because the server is away or ends."""


Stream: TypeAlias = Generator[Event | Position, None, None]
"""Yields what the server sends, and returns when the server has ended the stream. Raises Interrupted. To close it is to leave."""


def event_stream(address: Address, start: Start, *, coding: str = "identity") -> Stream:
    """Read an event stream with httpx-sse; httpx decompresses it."""
    parameters = {**start.parameters}
    last_event_id = parameters.pop("lastEventId", None)
    headers = {"Accept-Encoding": coding, **({"Last-Event-ID": last_event_id} if last_event_id else {})}
    with (
        _interruptions(),
        _http() as client,
        connect_sse(client, "GET", address.events_url, params=parameters, headers=headers) as source,
    ):
        assert source.response.status_code == 200
        assert source.response.headers.get("content-encoding", "identity") == coding
        for frame in source.iter_sse():
            match frame.event:
                case "stream.checkpoint":
                    yield Position(frame.id)
                case "stream.closing":
                    return
                case _:
                    assert frame.event.startswith("order."), frame
                    yield Event(frame.id, frame.event, None, frame.json())


def compressed_event_stream(address: Address, start: Start) -> Stream:
    return event_stream(address, start, coding="gzip")


def pages(address: Address, start: Start) -> Stream:
    """Read page after page with httpx, each of which may wait for events."""
    parameters: dict[str, Any] = {**start.parameters, "limit": PAGE_EVENTS, "wait": PAGE_WAIT_SECONDS}
    with _interruptions(), _http() as client:
        while True:
            answer = client.get(address.events_url, params=parameters, headers={"Accept": "application/json"})
            if answer.status_code == 503:
                raise Interrupted
            assert answer.status_code == 200, answer.text
            page = answer.json()
            yield from _events(page["events"])
            yield Position(page["lastEventId"])
            parameters["lastEventId"] = page["lastEventId"]


def web_socket(address: Address, start: Start, *, compression: str | None = None) -> Stream:
    """Subscribe with `websockets`. `compression`: "deflate" offers permessage-deflate, which the server must accept."""
    url = f"ws://127.0.0.1:{address.port}/events/orders/socket"
    protocols = [Subprotocol("orders-events.v1.json")]
    with (
        _interruptions(),
        connect(url, subprotocols=protocols, compression=compression, proxy=None, max_size=None) as client,
    ):
        assert bool(client.protocol.extensions) == (compression is not None)
        client.send(json.dumps({"type": "subscribe", "subscription": 1, **start.parameters}))
        for text in client:
            message = json.loads(text)
            match message["type"]:
                case "events":
                    yield from _events(message["events"])
                    yield Position(message["lastEventId"])
                case "checkpoint":
                    yield Position(message["lastEventId"])
                case "closing":
                    return
                case _:
                    assert message["type"] == "heartbeat", message


def compressed_web_socket(address: Address, start: Start) -> Stream:
    return web_socket(address, start, compression="deflate")


def grpc_stream(address: Address, start: Start) -> Stream:
    """Subscribe with grpcio."""
    place = {"from": "earliest"} if start.last_event_id is None else {"last_event_id": start.last_event_id}
    with _interruptions(), GrpcClient(address.grpc, pool=address.messages) as client:
        for response in _attended(client.subscribe(timeout=None, event_types=start.event_types, **place)):
            match response.WhichOneof("item"):
                case "events":
                    yield from (_typed(each) for each in response.events.events)
                    yield Position(response.events.last_event_id)
                case "checkpoint":
                    yield Position(response.checkpoint.last_event_id)
                case "closing":
                    return
                case other:
                    assert other == "heartbeat", response


TRANSPORTS: Final[dict[str, Callable[[Address, Start], Stream]]] = {
    "SSE": event_stream,
    "gzip SSE": compressed_event_stream,
    "page": pages,
    "WebSocket": web_socket,
    "compressed WebSocket": compressed_web_socket,
    "gRPC": grpc_stream,
}


def _http() -> httpx.Client:
    return httpx.Client(trust_env=False, timeout=ANSWER_SECONDS, verify=NO_TLS)


def _events(events: Sequence[dict[str, Any]]) -> Iterator[Event]:
    return (Event(each["id"], each["eventType"], each["schemaVersion"], each["data"]) for each in events)


def _typed(event: Any) -> Event:
    data = MessageToDict(getattr(event, event.WhichOneof("data")))
    return Event(event.id, event.event_type, event.schema_version, data)


def _attended(call: Iterable[Any]) -> Iterator[Any]:
    """Yield the responses of a call, and give it up if it is silent for long although heartbeats come every second.

    A call of grpcio 1.85 may never end, neither at its deadline nor if it is cancelled, if the server closes the connection at the moment
    at which the call begins. So a thread of its own waits for it.
    """
    arrived: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def receive() -> None:
        try:
            for response in call:
                arrived.put(response)
        except grpc.RpcError as error:
            arrived.put(error)

    threading.Thread(target=receive, daemon=True).start()
    while True:
        try:
            response = arrived.get(timeout=SILENT_SECONDS)
        except queue.Empty:
            raise Interrupted from None
        if isinstance(response, grpc.RpcError):
            raise response
        yield response


@contextmanager
def _interruptions() -> Iterator[None]:
    """Raise Interrupted for a connection that is cut, and for the refusals of a server that ends; any other error is a fault."""
    try:
        yield
    except _CUT as error:
        raise Interrupted from error
    except InvalidStatus as error:
        if error.response.status_code != 503:
            raise
        raise Interrupted from error
    except grpc.RpcError as error:
        # grpcio itself answers CANCELLED to a call that comes at the moment in which a server has ended all others and stops.
        if not any(status in str(error) for status in ("StatusCode.UNAVAILABLE", "StatusCode.CANCELLED")):
            raise
        raise Interrupted from error
