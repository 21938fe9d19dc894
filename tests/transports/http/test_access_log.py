"""The server's own log says what was asked and refused, and has nothing that must stay secret."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.program_version import VERSION
from tests.support.server_process import ServerProcess
from tests.support.tokens import token, token_settings
from tests.transports.http.orders import EVENTS, eventually, shipped
from tests.transports.http.wire import PATIENCE_SECONDS, Wire
from tests.transports.websocket.conversations import conversation

SECRET = "never-logged"  # noqa: S105  # of the tests alone


class LoggingServer(ServerProcess):
    """A server whose lines of JSON the test reads."""

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in "".join(self.output).splitlines() if line.startswith("{")]

    def line(self, message: str, **fields: object) -> dict[str, Any]:
        """Wait for the line with this message and these fields, and return it."""

        assert eventually(lambda: bool(logged(self, message=message, **fields))), self.lines()
        return logged(self, message=message, **fields)[0]


def logged(server: LoggingServer, **fields: object) -> list[dict[str, Any]]:
    return [each for each in server.lines() if fields.items() <= each.items()]


@pytest.fixture(scope="module")
def logging_server() -> Iterator[LoggingServer]:
    arguments = ("--store", "memory:", "--log-format", "json", "--log-level", "debug", "--access-log", "on")
    with LoggingServer(*arguments) as server:
        yield server


@pytest.fixture(scope="module")
def asked(logging_server: LoggingServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=logging_server.url, timeout=PATIENCE_SECONDS) as client:
        yield client


def test_each_request_is_a_line_without_its_query(logging_server: LoggingServer, asked: httpx.Client) -> None:
    asked.get("/health/live", headers={"X-Request-Id": "proxy:1"})
    asked.get(EVENTS, params={"follow": "false", "orderId": SECRET}, headers={"X-Request-Id": "proxy:2"})

    line = logging_server.line("Request.", request_id="proxy:1")
    assert (line["method"], line["path"], line["status"], line["client"]) == ("GET", "/health/live", 200, "127.0.0.1")
    assert 0 < line["seconds"] < PATIENCE_SECONDS
    assert logging_server.line("Request.", request_id="proxy:2")["path"] == EVENTS
    assert SECRET not in "".join(logging_server.output)


def test_a_stream_is_a_line_when_it_begins(logging_server: LoggingServer) -> None:
    with Wire(logging_server.port) as wire:
        wire.get(EVENTS, "X-Request-Id: stream:1")
        wire.chunk()
        assert logging_server.line("Request.", request_id="stream:1")["status"] == 200


def test_a_websocket_connection_is_a_line_and_so_is_what_is_refused_on_it(logging_server: LoggingServer) -> None:
    with conversation(logging_server, additional_headers={"X-Request-Id": "socket:1"}) as talk:
        assert logging_server.line("Request.", request_id="socket:1")["status"] == 101
        talk.ask("publish", request=1, events=[{"eventType": SECRET}])
        talk.client.send("nonsense")
        assert talk.close_code() == 4400
    refused = logging_server.line("A request was refused.", problem="contract-violation", client="127.0.0.1")
    assert (refused["level"], refused["subject"]) == ("info", "A message over WebSocket")
    assert logging_server.line("A WebSocket connection was ended.", code=4400)["client"] == "127.0.0.1"
    assert SECRET not in "".join(logging_server.output)


@pytest.mark.parametrize("sent", [b"", b"two words", b"x" * 65, b"line\\nbreak", "naïve".encode()])
def test_a_malformed_request_id_is_replaced(logging_server: LoggingServer, asked: httpx.Client, sent: bytes) -> None:
    before = len(logged(logging_server, message="Request."))
    asked.get("/health/live", headers={b"X-Request-Id": sent})
    assert eventually(lambda: len(logged(logging_server, message="Request.")) > before)
    assert len(logged(logging_server, message="Request.")[before]["request_id"]) == 32


def test_what_was_published_is_found_by_the_request_id(logging_server: LoggingServer, asked: httpx.Client) -> None:
    answer = asked.post(EVENTS, json=[shipped(), shipped()], headers={"X-Request-Id": "shop:7"})
    first, last = (each["id"] for each in answer.json()["events"])
    line = logging_server.line("Events were published.", request_id="shop:7")
    assert (line["level"], line["events"], line["duplicates"], line["first"], line["last"]) == (
        "debug",
        2,
        0,
        first,
        last,
    )


def test_a_refusal_names_the_problem_and_no_value(logging_server: LoggingServer, asked: httpx.Client) -> None:
    asked.get(EVENTS, params={SECRET: SECRET}, headers={"X-Request-Id": "bad:1", "Authorization": f"Bearer {SECRET}"})
    asked.post(EVENTS, json={"eventType": SECRET}, headers={"X-Request-Id": "bad:2"})

    line = logging_server.line("A request was refused.", request_id="bad:1")
    assert (line["level"], line["problem"], line["path"]) == ("info", "invalid-parameter", EVENTS)
    assert logging_server.line("A request was refused.", request_id="bad:2")["problem"] == "contract-violation"
    assert SECRET not in "".join(logging_server.output)


def test_a_flood_of_refusals_is_a_few_lines(logging_server: LoggingServer, asked: httpx.Client) -> None:
    for _ in range(200):
        asked.get("/nothing")
    assert eventually(lambda: len(logged(logging_server, path="/nothing", status=404)) == 200), "Each is a request."
    assert 1 <= len(logged(logging_server, problem="not-found")) < 50


def test_a_start_and_a_stop_say_why() -> None:
    with LoggingServer("--store", "memory:", "--log-format", "json") as server:
        assert server.line(f"Orders Events {VERSION} is listening on {server.url}.")["level"] == "info"
        server.terminate()
        assert server.line("The server stops: SIGTERM.")
        assert server.line("The server has stopped.")
        assert not logged(server, message="Request."), "The access log is off by default."


def test_a_sender_is_named_by_a_pseudonym_and_its_token_is_not_logged(tmp_path: Path) -> None:
    arguments = ("--store", "memory:", "--log-format", "json", "--access-log", "on", *token_settings(tmp_path))
    mine, other = token(sub=SECRET), token(sub="another")
    with LoggingServer(*arguments) as server, httpx.Client(base_url=server.url, timeout=PATIENCE_SECONDS) as client:
        for request, sent in {"a:1": mine, "a:2": mine, "b:1": other, "c:1": f"{mine}x"}.items():
            headers = {"X-Request-Id": request, "Authorization": f"Bearer {sent}"}
            client.get(EVENTS, params={"follow": "false"}, headers=headers)
        lines = {request: server.line("Request.", request_id=request) for request in ("a:1", "a:2", "b:1", "c:1")}
    assert len({lines[request]["principal"] for request in ("a:1", "a:2")}) == 1
    assert lines["a:1"]["principal"] != lines["b:1"]["principal"]
    assert (lines["c:1"]["status"], lines["c:1"].get("principal")) == (401, None)
    assert not any(secret in "".join(server.output) for secret in (SECRET, mine, mine.split(".")[2]))


def test_what_a_client_sends_over_websocket_is_in_no_line(logging_server: LoggingServer) -> None:
    with conversation(logging_server) as talk:
        talk.say("authenticate", token=SECRET)
        talk.say("subscribe", subscription=1, orderId=[SECRET])
        assert talk.ask("ping", request=1)["type"] in ("pong", "checkpoint")
        talk.say("publish", request=2, events=[shipped(SECRET)])
        assert logging_server.line("Events were published.", events=1)
    assert SECRET not in "".join(logging_server.output)
