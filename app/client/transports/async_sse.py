"""Streams of Server-Sent Events, for asyncio. `sse` is the same with blocking I/O."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TypeVar

import httpx

from ..endpoint import Endpoint, read_body_async, server_response
from ..protocol.reading import Reading
from ..protocol.retries import TransientError
from .event_source import event_source, frame_of

_Value = TypeVar("_Value")


class AsyncServerSentEvents:
    """Reads event streams of `endpoint` with the HTTP client `http`."""

    def __init__(self, http: httpx.AsyncClient, endpoint: Endpoint) -> None:
        self._http = http
        self._endpoint = endpoint

    async def read(self, reading: Reading[_Value]) -> AsyncGenerator[_Value]:
        request = self._endpoint.stream_request(self._http, reading.next_request())
        try:
            async with aclosing(await self._http.send(request, stream=True)) as response:
                body = b"" if response.status_code == 200 else await read_body_async(response)
                reading.opened(server_response(response, body))
                async with aclosing(_read(response, reading)) as values:
                    async for value in values:
                        yield value
            reading.disconnected(self._endpoint.stream_ended())
        except TransientError as failure:
            reading.disconnected(failure)
        except httpx.RequestError as error:
            reading.disconnected(self._endpoint.no_answer(error))


async def _read(response: httpx.Response, reading: Reading[_Value]) -> AsyncGenerator[_Value]:
    async with aclosing(event_source(response).aiter_sse()) as events:
        while reading.expects_frames and (event := await anext(events, None)):
            value = reading.receive(frame_of(event))
            if value is not None:
                yield value
