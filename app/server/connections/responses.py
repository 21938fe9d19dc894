"""Responses that uvicorn cannot send: refusals as problem documents, bodies for HTTP/1.0."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from app.server.connections.request_head import BadRequest, Fields

_PROBLEM_HEAD: Final = (
    b"content-type: application/problem+json\r\nx-content-type-options: nosniff\r\ncache-control: no-store\r\n"
    b"connection: close\r\ncontent-length: %d\r\n\r\n"
)

App = Callable[..., Awaitable[None]]


def problem_response(fault: BadRequest) -> bytes:
    """Return a complete HTTP response as bytes: the refusal of a faulty request.

    The body of the response is a problem document (RFC 9457). The response is the last one on its connection (`Connection:
    close`).
    """
    title = HTTPStatus(fault.status).phrase
    problem = {"type": "about:blank", "title": title, "status": fault.status, "detail": str(fault)}
    body = json.dumps(problem).encode()
    return STATUS_LINE[fault.status] + _PROBLEM_HEAD % len(body) + body


def switching_protocols(headers: Fields) -> bytes:
    """Return the head of the response with which a connection switches to another protocol (RFC 9110 §15.2.2), as bytes.

    uvicorn would add a transfer coding, which this response must not have.
    """
    lines = [name + b": " + value for name, value in headers]
    return b"\r\n".join([b"HTTP/1.1 101 Switching Protocols", *lines, b"", b""])


def without_chunks(app: App, cycle: RequestResponseCycle) -> App:
    """Wrap an application so that its response is sent without chunks, because an HTTP/1.0 client cannot read chunks.

    The end of the response body is then the end of the connection (RFC 9112 §6.1, §6.3). Returns the wrapped application.
    `cycle`: uvicorn's state of the one request that the wrapped application will answer.
    """

    async def with_plain_body(scope: Any, receive: Any, send: Callable[[Any], Awaitable[None]]) -> None:
        async def send_plain(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.body":
                cycle.expected_content_length = len(message.get("body", b""))
            await send(message)

        cycle.chunked_encoding = False
        await app(scope, receive, send_plain)

    return with_plain_body
