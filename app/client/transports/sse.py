"""Streams of Server-Sent Events, with blocking I/O. `async_sse` is the same for asyncio."""

from __future__ import annotations

import socket
import threading
from collections.abc import Generator
from contextlib import closing, suppress
from typing import TypeVar

import httpx

from ..endpoint import Endpoint, read_body, server_response
from ..protocol.reading import Reading
from ..protocol.retries import TransientError
from .event_source import event_source, frame_of

_Value = TypeVar("_Value")


class ServerSentEvents:
    """Reads event streams of `endpoint` with the HTTP client `http`.

    `first_frame_seconds`: give a connection up if nothing has come on it by then; None: only the endpoint's limit of silence counts.
    The attribute `was_silent` says whether that ended the last connection.
    """

    def __init__(self, http: httpx.Client, endpoint: Endpoint, first_frame_seconds: float | None = None) -> None:
        self.was_silent = False
        self._http = http
        self._endpoint = endpoint
        self._first_frame_seconds = first_frame_seconds

    def read(self, reading: Reading[_Value]) -> Generator[_Value]:
        self.was_silent = False
        try:
            authorization = self._endpoint.token.headers()
            request = self._endpoint.stream_request(self._http, reading.next_request(), authorization)
            with closing(self._send(request)) as response:
                reading.opened(server_response(response, b"" if response.status_code == 200 else read_body(response)))
                yield from self._read(response, reading)
            reading.disconnected(self._endpoint.stream_ended())
        except TransientError as failure:
            reading.disconnected(failure)
        except httpx.RequestError as error:
            reading.disconnected(self._endpoint.no_answer(error))

    def _send(self, request: httpx.Request) -> httpx.Response:
        if self._first_frame_seconds is None:
            return self._http.send(request, stream=True)
        timeouts = request.extensions["timeout"]
        try:
            request.extensions["timeout"] = {**timeouts, "read": self._first_frame_seconds}
            response = self._http.send(request, stream=True)
        except httpx.ReadTimeout:
            self.was_silent = True
            raise
        request.extensions["timeout"].update(timeouts)  # httpx looks at it again when it reads the body
        return response

    def _read(self, response: httpx.Response, reading: Reading[_Value]) -> Generator[_Value]:
        events = event_source(response).iter_sse()
        watch = None if self._first_frame_seconds is None else self._watch(response, self._first_frame_seconds)
        while reading.expects_frames and (event := next(events, None)):
            if watch is not None:
                watch.cancel()
            value = reading.receive(frame_of(event))
            if value is not None:
                yield value

    def _watch(self, response: httpx.Response, seconds: float) -> threading.Timer:
        connection: socket.socket = response.extensions["network_stream"].get_extra_info("socket")

        def cut() -> None:
            self.was_silent = True
            with suppress(OSError):  # it has ended in the meantime
                connection.shutdown(socket.SHUT_RDWR)

        watch = threading.Timer(seconds, cut)
        watch.daemon = True
        watch.start()
        return watch
