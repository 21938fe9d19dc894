"""Readers that pin a major version, one for each way of reading: foreign clients, which see only what is on the wire."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, NamedTuple, TypeAlias

import httpx
from google.protobuf.json_format import MessageToDict
from httpx_sse import EventSource
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from tests.support.server_process import ServerProcess
from tests.support.subscribers import ANSWER_SECONDS
from tests.transports.grpc.foreign import GrpcClient
from tests.transports.http.orders import EVENTS, PAGE


class Read(NamedTuple):
    """An event as a reader was sent it. `version` is empty on an event stream, which does not say it."""

    id: str
    event_type: str
    version: str
    data: dict[str, Any]


Events: TypeAlias = Iterator[Read]
Open: TypeAlias = Callable[[ExitStack, ServerProcess, dict[str, Any]], Events]
"""Open a stream with parameters of the contract, read its beginning, and return its events, one after the other, up to its end."""


def _sse(encoding: str) -> Open:
    def open_stream(stack: ExitStack, server: ServerProcess, parameters: dict[str, Any]) -> Events:
        texts = {name: json.dumps(value).strip('"') for name, value in parameters.items()}
        headers = {"Accept": "text/event-stream", "Accept-Encoding": encoding}
        client = stack.enter_context(httpx.Client(trust_env=False, timeout=ANSWER_SECONDS))
        response = stack.enter_context(client.stream("GET", server.events_url, params=texts, headers=headers))
        assert response.headers.get("Content-Encoding", "identity") == encoding
        frames = EventSource(response).iter_sse()
        assert next(frames).event == "stream.checkpoint"
        return (Read(each.id, each.event, "", each.json()) for each in frames if each.event.startswith("order."))

    return open_stream


def _socket(compression: str | None) -> Open:
    def open_stream(stack: ExitStack, server: ServerProcess, parameters: dict[str, Any]) -> Events:
        url = f"ws://127.0.0.1:{server.port}{EVENTS}/socket"
        protocol = [Subprotocol("orders-events.v1.json")]
        client = stack.enter_context(connect(url, subprotocols=protocol, proxy=None, compression=compression))
        client.send(json.dumps({"type": "subscribe", "subscription": 1, **parameters}))
        assert json.loads(client.recv(ANSWER_SECONDS))["type"] == "checkpoint"
        messages = iter(lambda: json.loads(client.recv(ANSWER_SECONDS)), None)
        return (_read(each) for message in _until_closing(messages) for each in message.get("events", ()))

    return open_stream


def _grpc(stack: ExitStack, server: ServerProcess, parameters: dict[str, Any]) -> Events:
    names = {"majorVersion": "major_version"}
    client = stack.enter_context(GrpcClient(server.grpc_address))
    responses = client.subscribe(**{names.get(name, name): value for name, value in parameters.items()})
    assert next(responses).HasField("checkpoint")
    events = (each for response in responses for each in response.events.events)
    return (Read(each.id, each.event_type, each.schema_version, _data(each)) for each in events)


WAYS: dict[str, Open] = {
    "sse": _sse("identity"),
    "gzip": _sse("gzip"),
    "websocket": _socket(None),
    "deflate": _socket("deflate"),
    "grpc": _grpc,
}


def pinned(pin: int | None) -> dict[str, int]:
    """Return the parameters that pin a major version; None for no pin."""
    return {} if pin is None else {"majorVersion": pin}


def stored(server: ServerProcess, way: str, **parameters: Any) -> list[Read]:
    """Read all stored events in one way."""
    with ExitStack() as stack:
        return [*WAYS[way](stack, server, {"from": "earliest", "follow": False, **parameters})]


def page(server: ServerProcess, **parameters: Any) -> list[Read]:
    """Read all stored events as a page."""
    parameters = {"from": "earliest", **parameters}
    answer = httpx.get(server.events_url, params=parameters, headers=PAGE, timeout=ANSWER_SECONDS, trust_env=False)
    return [_read(each) for each in answer.raise_for_status().json()["events"]]


@contextmanager
def following(server: ServerProcess, *pins: int | None) -> Iterator[dict[tuple[str, int | None], Events]]:
    """Open a stream from now on in every way, for each pin (None: no pin)."""
    with ExitStack() as stack:
        yield {(way, pin): open_stream(stack, server, pinned(pin)) for way, open_stream in WAYS.items() for pin in pins}


def _until_closing(messages: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for message in messages:
        if message["type"] == "closing":
            return
        yield message


def _read(event: dict[str, Any]) -> Read:
    return Read(event["id"], event["eventType"], event["schemaVersion"], event["data"])


def _data(event: Any) -> dict[str, Any]:
    member = event.WhichOneof("data")
    assert member == f"{event.event_type.replace('.', '_')}_v{event.schema_version.partition('.')[0]}"
    return MessageToDict(getattr(event, member))
