"""Streams of Server-Sent Events, with blocking I/O. `async_sse` is the same for asyncio."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from typing import TypeVar

import httpx

from ..endpoint import Endpoint, read_body, server_response
from ..protocol.reading import Reading
from ..protocol.retries import TransientError
from .event_source import event_source, frame_of

_Value = TypeVar("_Value")


class ServerSentEvents:
    """Reads event streams of `endpoint` with the HTTP client `http`."""

    def __init__(self, http: httpx.Client, endpoint: Endpoint) -> None:
        self._http = http
        self._endpoint = endpoint

    def read(self, reading: Reading[_Value]) -> Generator[_Value]:
        request = self._endpoint.stream_request(self._http, reading.next_request())
        try:
            with closing(self._http.send(request, stream=True)) as response:
                reading.opened(server_response(response, b"" if response.status_code == 200 else read_body(response)))
                yield from _read(response, reading)
            reading.disconnected(self._endpoint.stream_ended())
        except TransientError as failure:
            reading.disconnected(failure)
        except httpx.RequestError as error:
            reading.disconnected(self._endpoint.no_answer(error))


def _read(response: httpx.Response, reading: Reading[_Value]) -> Generator[_Value]:
    events = event_source(response).iter_sse()
    while reading.expects_frames and (event := next(events, None)):
        value = reading.receive(frame_of(event))
        if value is not None:
            yield value
