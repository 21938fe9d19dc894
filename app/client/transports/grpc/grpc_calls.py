"""Streams and publishing over gRPC, with blocking I/O. `async_grpc_calls` is the same for asyncio."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from typing import Any, TypeVar

import grpc
import httpx

from ...endpoint import Endpoint
from ...protocol.reading import Reading
from ...protocol.retries import TransientError
from ...protocol.server_response import ServerResponse
from .call_failures import interruption, published, refusal, retry_ms
from .described_messages import DescribedMessages, NotCarried
from .grpc_channel import (
    PUBLISH,
    REFLECT,
    REFLECT_REQUEST,
    SUBSCRIBE,
    Metadata,
    Target,
    call_metadata,
    described,
    target,
)
from .silence import Silence

_Value = TypeVar("_Value")


class GrpcStreams:
    """Reads streams of `endpoint`, each over a connection of its own. `http`: see `call_metadata`. `certificates`: see `target`."""

    def __init__(self, http: httpx.Client, endpoint: Endpoint, certificates: ssl.SSLContext | None) -> None:
        self._endpoint = endpoint
        self._http = http
        self._target = target(endpoint, certificates)

    def read(self, reading: Reading[_Value]) -> Generator[_Value]:
        request = reading.next_request()
        try:
            metadata = call_metadata(self._endpoint, self._http, self._endpoint.token.headers())
            with _open(self._target) as channel:
                messages = _describe(channel, self._target, metadata)
                method: Any = channel.unary_stream(SUBSCRIBE, None, messages.subscribe_response.FromString)
                call = method(messages.subscribe_request(request), metadata=metadata)
                reading.connected()
                yield from self._read(call, messages, reading)
            reading.disconnected(self._endpoint.stream_ended())
        except TransientError as failure:
            reading.disconnected(failure)
        except (grpc.RpcError, NotCarried) as error:
            reading.disconnected(interruption(self._endpoint.url, error))

    def _read(self, call: Any, messages: DescribedMessages, reading: Reading[_Value]) -> Generator[_Value]:
        with Silence(call, self._endpoint) as silence:
            while reading.expects_frames and (response := silence.bounds(lambda: next(call, None))):
                ending = silence.bounds(call.trailing_metadata) if response.HasField("closing") else None
                for frame in messages.frames(response, retry_ms(ending)):
                    value = reading.receive(frame) if reading.expects_frames else None
                    if value is not None:
                        yield value


class GrpcPublisher:
    """Publishes over one connection, which is made when it is needed. One request is sent at a time, from any thread."""

    def __init__(self, http: httpx.Client, endpoint: Endpoint, certificates: ssl.SSLContext | None) -> None:
        self._endpoint = endpoint
        self._http = http
        self._target = target(endpoint, certificates)
        self._lock = threading.Lock()
        self._opened = ExitStack()
        self._connection: tuple[grpc.Channel, DescribedMessages] | None = None

    def publish(self, events: bytes) -> ServerResponse:
        """Send events and return the answer. `events`: a JSON array. Raises TransientError, UnexpectedAnswer."""
        with self._lock:
            try:
                return self._answer(events)
            except (grpc.RpcError, NotCarried) as error:
                self.close()
                return refusal(self._endpoint.url, error)

    def close(self) -> None:
        self._connection = None
        self._opened.close()

    def _answer(self, events: bytes) -> ServerResponse:
        metadata = call_metadata(self._endpoint, self._http, self._endpoint.token.headers())
        channel, messages = self._connection or self._connect(metadata)
        try:
            request = messages.publish_request(events)
        except NotCarried:  # a newer server may have taken over since
            channel, messages = self._connect(metadata)
            request = messages.publish_request(events)
        method: Any = channel.unary_unary(PUBLISH, None, messages.publish_response.FromString)
        return published(method(request, self._endpoint.answer_seconds, metadata))

    def _connect(self, metadata: Metadata) -> tuple[grpc.Channel, DescribedMessages]:
        self.close()
        channel = self._opened.enter_context(_open(self._target))
        self._connection = channel, _describe(channel, self._target, metadata)
        return self._connection


@contextmanager
def _open(target: Target) -> Generator[grpc.Channel]:
    if target.credentials is None:
        channel = grpc.insecure_channel(target.address, target.options)
    else:
        channel = grpc.secure_channel(target.address, target.credentials, target.options)
    with channel:
        yield channel


def _describe(channel: grpc.Channel, target: Target, metadata: Metadata) -> DescribedMessages:
    method: Any = channel.unary_unary(REFLECT)
    return described(method(REFLECT_REQUEST, target.connect_seconds, metadata))
