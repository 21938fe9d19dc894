"""Streams and publishing over WebSocket, with blocking I/O. `async_web_socket` is the same for asyncio."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from typing import TypeVar

import httpx
from websockets.sync.client import ClientConnection, connect

from ..endpoint import Endpoint
from ..protocol.reading import Reading
from ..protocol.retries import TransientError
from ..protocol.server_response import ServerResponse
from ..protocol.websocket_messages import frames_of, publish_answer, publish_message, received, subscribe_message
from .handshake import FAILURES, check_subprotocol, connect_options, failed

_Value = TypeVar("_Value")


class WebSocketStreams:
    """Reads streams of `endpoint`, each over a connection of its own. `http`, `certificates`: see `connect_options`."""

    def __init__(self, http: httpx.Client, endpoint: Endpoint, certificates: ssl.SSLContext | None) -> None:
        self._http = http
        self._endpoint = endpoint
        self._certificates = certificates

    def read(self, reading: Reading[_Value]) -> Generator[_Value]:
        request = reading.next_request()
        try:
            with _open(self._http, self._endpoint, self._certificates) as connection:
                self._send(connection, subscribe_message(request))
                reading.connected()
                yield from self._read(connection, reading)
            reading.disconnected(self._endpoint.stream_ended())
        except TransientError as failure:
            reading.disconnected(failure)

    def _read(self, connection: ClientConnection, reading: Reading[_Value]) -> Generator[_Value]:
        while reading.expects_frames:
            for frame in frames_of(received(self._receive(connection))):
                value = reading.receive(frame) if reading.expects_frames else None
                if value is not None:
                    yield value

    def _send(self, connection: ClientConnection, message: str) -> None:
        try:
            connection.send(message)
        except FAILURES as error:
            raise failed(self._endpoint, error) from error

    def _receive(self, connection: ClientConnection) -> str | bytes:
        try:
            return connection.recv(self._endpoint.silence_seconds)
        except FAILURES as error:
            raise failed(self._endpoint, error) from error


class WebSocketPublisher:
    """Publishes over one connection, which is made when it is needed. One request is sent at a time, from any thread."""

    def __init__(self, http: httpx.Client, endpoint: Endpoint, certificates: ssl.SSLContext | None) -> None:
        self._http = http
        self._endpoint = endpoint
        self._certificates = certificates
        self._lock = threading.Lock()
        self._opened = ExitStack()
        self._connection: ClientConnection | None = None
        self._number = 0

    def publish(self, events: bytes) -> ServerResponse:
        """Send events and return the answer. `events`: a JSON array. Raises TransientError, RequestRefused, UnexpectedAnswer."""
        with self._lock:
            if self._connection is None:
                opened = _open(self._http, self._endpoint, self._certificates)
                self._connection = self._opened.enter_context(opened)
            try:
                return self._answer(self._connection, events)
            except FAILURES as error:
                self.close()
                raise failed(self._endpoint, error) from error

    def close(self) -> None:
        self._connection = None
        self._opened.close()

    def _answer(self, connection: ClientConnection, events: bytes) -> ServerResponse:
        self._number += 1
        connection.send(publish_message(self._number, events))
        while True:
            message = received(connection.recv(self._endpoint.answer_seconds))
            answer = publish_answer(message, self._number)
            if answer is not None:
                return answer


@contextmanager
def _open(http: httpx.Client, endpoint: Endpoint, certificates: ssl.SSLContext | None) -> Generator[ClientConnection]:
    authorization = endpoint.token.headers()
    try:
        connected = connect(**connect_options(endpoint, http, certificates, authorization))
    except FAILURES as error:
        raise failed(endpoint, error) from error
    with connected as connection:
        check_subprotocol(connection.subprotocol)
        yield connection
