"""Frames and responses to pass to a `Reading`."""

from __future__ import annotations

import json

import httpx

from app.client.protocol.frame import Frame
from app.client.protocol.server_response import ServerResponse

STREAM = {"content-type": "text/event-stream; charset=utf-8"}


def frame(event: str, event_id: str = "", *, retry: int | None = None, **data: object) -> Frame:
    return Frame(event, event_id, data, retry)


def shipped(number: int) -> Frame:
    return frame("order.shipped", f"e-{number}", orderId=f"o{number}", when="2024-05-01T10:00:00Z")


def checkpoint(number: int, *, retry: int | None = None) -> Frame:
    return frame("stream.checkpoint", f"e-{number}", retry=retry)


def gap(event_id: str = "f-6", *, reason: str = "expired", requested: str = "e-1") -> Frame:
    return frame("stream.gap", event_id, reason=reason, requested=requested, earliest=event_id)


def closing(reason: str, last_id: str = "") -> Frame:
    """Make a closing. It has no id of its own; a decoder gives it the id of the frame before."""
    return frame("stream.closing", last_id, reason=reason)


def answer(status: int = 200, body: bytes = b"", **headers: str) -> ServerResponse:
    given = {name.replace("_", "-"): value for name, value in headers.items()} or (STREAM if status == 200 else {})
    return ServerResponse(status, httpx.codes.get_reason_phrase(status), httpx.Headers(given), body)


def problem(status: int, detail: str, *, retry_after: str = "0", **members: object) -> ServerResponse:
    body = json.dumps({"type": "/problems/x", "title": "X", "status": status, "detail": detail, **members}).encode()
    return answer(status, body, content_type="application/problem+json", retry_after=retry_after)
