"""A proxy that breaks one promise of the good server behind it."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias

import httpx
import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from websockets.exceptions import InvalidStatus

from tests.check.broken_socket import GOOD, SocketFault, TransparentSocket, forward, refuse
from tests.transports.http.wire import SHORT_LIVED

HOP_BY_HOP: Final = ("connection", "content-length", "date", "keep-alive", "transfer-encoding", "upgrade")
HEARTBEAT: Final = b":\n"

Change: TypeAlias = Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True)
class Received:
    """A request that the proxy received."""

    method: str
    path: str
    parameters: Sequence[tuple[str, str]]
    headers: Mapping[str, str]
    body: bytes

    def all(self, name: str) -> list[str]:
        return [value for each, value in self.parameters if each == name]

    def has(self, *names: str) -> bool:
        return any(self.all(name) for name in names)

    def without(self, *names: str) -> Received:
        """Remove parameters."""
        return replace(self, parameters=[each for each in self.parameters if each[0] not in names])

    @property
    def wants_page(self) -> bool:
        return self.headers.get("accept") == "application/json"

    @property
    def last_event_id(self) -> str | None:
        return self.headers.get("last-event-id") or next(iter(self.all("lastEventId")), None)

    @property
    def follows(self) -> bool:
        return self.method == "GET" and self.all("follow") != ["false"]


@dataclass(frozen=True, slots=True)
class Head:
    """The response of the good server; for a stream only the head, with an empty body."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""


def _as_it_is(piece: bytes) -> bytes:
    return piece


@dataclass(frozen=True, slots=True)
class Fault:
    """How a broken server differs from a good one.

    `asks`: changes the request before it is sent to the good server.
    `first`: returns requests to send before that one.
    `gives`: changes the response, or the head of a stream.
    `streams`: makes, for each stream, the function that changes its pieces: heartbeats and whole frames.
    `compressed`: makes, for each stream that is compressed, the function that changes its pieces.
    `waits`: returns how many seconds to wait before the response.
    `socket`: what happens on WebSocket connections.
    """

    asks: Callable[[Received], Received] = lambda asked: asked
    first: Callable[[Received], Sequence[Received]] = lambda _: ()
    gives: Callable[[Received, Head], Head] = lambda _, given: given
    streams: Callable[[Received], Callable[[bytes], bytes]] = lambda _: _as_it_is
    compressed: Callable[[Received], Callable[[bytes], bytes]] = lambda _: _as_it_is
    waits: Callable[[Received], float] = lambda _: 0
    socket: SocketFault = GOOD


class BrokenServer:
    """The proxy as an ASGI application; `fault` may be changed between requests."""

    def __init__(self, good_url: str) -> None:
        self.fault = Fault()
        self._good_url = good_url
        self._client: httpx.AsyncClient

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            async with httpx.AsyncClient(
                base_url=self._good_url, trust_env=False, timeout=60, limits=SHORT_LIVED
            ) as self._client:
                await receive()
                await send({"type": "lifespan.startup.complete"})
                await receive()
            await send({"type": "lifespan.shutdown.complete"})
            return
        if scope["type"] == "websocket":
            await self._connect(_request_of(scope, b""), receive, send)
            return
        asked = await _asked(scope, receive)
        answering = asyncio.create_task(self._answer(asked, send))
        left = asyncio.create_task(_disconnected(receive))
        try:
            await asyncio.wait((answering, left), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (answering, left):
                task.cancel()
            await asyncio.gather(answering, left, return_exceptions=True)

    async def _connect(self, asked: Received, receive: Receive, send: Send) -> None:
        fault = self.fault
        sent = fault.asks(asked)
        headers = {name: value for name, value in sent.headers.items() if name not in (*HOP_BY_HOP, "host")}
        try:
            await forward(f"{self._good_url.replace('http', 'ws', 1)}{sent.path}", headers, fault.socket, receive, send)
        except InvalidStatus as refused:
            await refuse(refused, send, lambda *response: fault.gives(asked, _head(*response)))

    async def _answer(self, asked: Received, send: Send) -> None:
        fault = self.fault
        await asyncio.sleep(fault.waits(asked))
        for each in fault.first(asked):
            await self._client.send(self._request(each))
        response = await self._client.send(self._request(fault.asks(asked)), stream=True)
        try:
            streams = response.headers.get("content-type", "").startswith("text/event-stream") and asked.method == "GET"
            body = b"" if streams else await response.aread()
            headers = {name: value for name, value in response.headers.items() if name not in HOP_BY_HOP}
            given = fault.gives(asked, Head(response.status_code, headers, body))
            await _send(send, given, more=streams)
            if streams:
                is_compressed = "content-encoding" in headers
                change = (fault.compressed if is_compressed else fault.streams)(asked)
                chunks = response.aiter_raw()
                async for piece in chunks if is_compressed else _pieces(chunks):
                    await send(_body(change(piece), more=True))
                await send(_body(b"", more=False))
        finally:
            await response.aclose()

    def _request(self, asked: Received) -> httpx.Request:
        headers = {name: value for name, value in asked.headers.items() if name not in HOP_BY_HOP}
        query = str(httpx.QueryParams(list(asked.parameters)))
        url = f"{asked.path}?{query}" if query else asked.path
        return self._client.build_request(asked.method, url, headers=headers, content=asked.body)


@contextmanager
def serving(application: ASGIApp) -> Iterator[str]:
    """Serve an application in a thread; yield its URL."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(
            application,
            lifespan="on",
            log_level="error",
            ws=TransparentSocket,
            timeout_graceful_shutdown=30,  # longer than the longest wait of a fault
            timeout_keep_alive=60,  # longer than a client's, which might else ask again while it is being closed
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


async def _asked(scope: Scope, receive: Receive) -> Received:
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return _request_of(scope, body)


def _request_of(scope: Scope, body: bytes) -> Received:
    headers: dict[str, str] = {}
    for name, value in ((name.decode(), value.decode()) for name, value in scope["headers"]):
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    parameters = httpx.QueryParams(scope["query_string"].decode()).multi_items()
    return Received(scope.get("method", "GET"), scope["path"], parameters, headers, body)


def _head(status: int, headers: Mapping[str, str], body: bytes) -> Head:
    return Head(
        status, {name.lower(): value for name, value in headers.items() if name.lower() not in HOP_BY_HOP}, body
    )


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _send(send: Send, given: Head, *, more: bool) -> None:
    headers = [(name.encode(), value.encode()) for name, value in given.headers.items()]
    await send({"type": "http.response.start", "status": given.status, "headers": headers})
    if not more:
        await send(_body(given.body, more=False))


def _body(body: bytes, *, more: bool) -> Message:
    message: dict[str, Any] = {"type": "http.response.body", "body": body, "more_body": more}
    return message


async def _pieces(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Cut a stream into heartbeats and frames."""
    buffer = b""
    async for chunk in chunks:
        buffer += chunk
        while buffer:
            if buffer.startswith(HEARTBEAT):
                end = len(HEARTBEAT)
            elif b"\n\n" in buffer:
                end = buffer.index(b"\n\n") + 2
            else:
                break
            yield buffer[:end]
            buffer = buffer[end:]
