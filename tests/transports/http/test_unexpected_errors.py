"""An error that nobody expected: the client learns nothing of it, and the log of the server has it."""

from __future__ import annotations

import logging

import pytest
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from app.service import open_service
from app.settings import Settings, StoreUrl
from app.transports.http.operations.operations import Operations
from tests.server.connections import connected

LIVENESS = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


async def fail(_operations: Operations) -> Response:
    message = "The secret of the server"
    raise ZeroDivisionError(message)


async def fail_halfway(_operations: Operations) -> ASGIApp:
    async def response(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"half", "more_body": True})
        message = "The secret of the server"
        raise ZeroDivisionError(message)

    return response


async def answered() -> bytes:
    async with open_service(Settings(store=StoreUrl("memory"))) as service, connected(service.application) as client:
        client.arrive(LIVENESS)
        return await client.rest()


async def test_an_unexpected_error_is_a_problem_without_its_cause(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(Operations, "get_liveness", fail)
    answer = await answered()
    assert answer.startswith(b"HTTP/1.1 500 ")
    assert b"application/problem+json" in answer
    assert b"secret" not in answer
    assert "The secret of the server" in caplog.text


async def test_an_error_in_the_middle_of_a_response_cuts_it(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(Operations, "get_liveness", fail_halfway)
    caplog.set_level(logging.ERROR)
    answer = await answered()
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert answer.endswith(b"4\r\nhalf\r\n"), "A chunked response without its last chunk is incomplete."
    assert "The secret of the server" in caplog.text
