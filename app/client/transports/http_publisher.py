"""Publishing over HTTP, with blocking I/O and for asyncio."""

from __future__ import annotations

from contextlib import aclosing, closing

import httpx

from ..endpoint import Endpoint, read_body, read_body_async, server_response
from ..protocol.server_response import ServerResponse


class HttpPublisher:
    """Publishes at `endpoint` with the HTTP client `http`."""

    def __init__(self, http: httpx.Client, endpoint: Endpoint) -> None:
        self._http = http
        self._endpoint = endpoint

    def publish(self, events: bytes) -> ServerResponse:
        """Send events and return the answer. `events`: a JSON array. Raises TransientError, httpx.RequestError."""
        request = self._endpoint.publish_request(self._http, events, self._endpoint.token.headers())
        try:
            with closing(self._http.send(request, stream=True)) as response:
                return server_response(response, read_body(response))
        except httpx.RequestError as error:
            raise self._endpoint.no_answer(error) from error

    def close(self) -> None:
        """Do nothing: the connections belong to the HTTP client."""


class AsyncHttpPublisher:
    """The same for asyncio."""

    def __init__(self, http: httpx.AsyncClient, endpoint: Endpoint) -> None:
        self._http = http
        self._endpoint = endpoint

    async def publish(self, events: bytes) -> ServerResponse:
        """Send events and return the answer. `events`: a JSON array. Raises TransientError, httpx.RequestError."""
        authorization = await self._endpoint.token.headers_async()
        request = self._endpoint.publish_request(self._http, events, authorization)
        try:
            async with aclosing(await self._http.send(request, stream=True)) as response:
                return server_response(response, await read_body_async(response))
        except httpx.RequestError as error:
            raise self._endpoint.no_answer(error) from error

    async def close(self) -> None:
        """Do nothing: the connections belong to the HTTP client."""
