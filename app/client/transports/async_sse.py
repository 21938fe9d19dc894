"""Streams of Server-Sent Events, for asyncio. `sse` is the same with blocking I/O."""

from __future__ import annotations

import asyncio
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
    """Reads event streams of `endpoint` with the HTTP client `http`. The other argument and `was_silent`: see `ServerSentEvents`."""

    def __init__(self, http: httpx.AsyncClient, endpoint: Endpoint, first_frame_seconds: float | None = None) -> None:
        self.was_silent = False
        self._http = http
        self._endpoint = endpoint
        self._first_frame_seconds = first_frame_seconds

    async def read(self, reading: Reading[_Value]) -> AsyncGenerator[_Value]:
        self.was_silent = False
        try:
            authorization = await self._endpoint.token.headers_async()
            request = self._endpoint.stream_request(self._http, reading.next_request(), authorization)
            async with aclosing(await self._send(request)) as response:
                body = b"" if response.status_code == 200 else await read_body_async(response)
                reading.opened(server_response(response, body))
                async with aclosing(self._read(response, reading)) as values:
                    async for value in values:
                        yield value
            reading.disconnected(self._endpoint.stream_ended())
        except TimeoutError:
            self.was_silent = True
            reading.disconnected(self._endpoint.stream_ended())
        except TransientError as failure:
            reading.disconnected(failure)
        except httpx.RequestError as error:
            reading.disconnected(self._endpoint.no_answer(error))

    async def _send(self, request: httpx.Request) -> httpx.Response:
        async with asyncio.timeout(self._first_frame_seconds):
            return await self._http.send(request, stream=True)

    async def _read(self, response: httpx.Response, reading: Reading[_Value]) -> AsyncGenerator[_Value]:
        limit = self._first_frame_seconds
        async with aclosing(event_source(response).aiter_sse()) as events:
            while reading.expects_frames:
                async with asyncio.timeout(limit):
                    event = await anext(events, None)
                if event is None:
                    return
                limit = None
                value = reading.receive(frame_of(event))
                if value is not None:
                    yield value
