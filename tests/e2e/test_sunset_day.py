"""The day on which a major version ends, at a server that goes on: its clock is moved while readers of both majors are connected."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest
from httpx_sse import EventSource, ServerSentEvent

pytest.importorskip("grpc_reflection")  # an extra; a test of its own fails in CI if it is missing

from tests.support.contract_copy import ContractCopy
from tests.support.order_shipped_2 import LEAST, LEAST_SEEN, add_order_shipped_2
from tests.support.server_process import QUICK, ServerProcess
from tests.support.servers import sqlite
from tests.support.subscribers import ANSWER_SECONDS
from tests.transports.grpc.foreign import GrpcClient
from tests.transports.http.orders import EVENTS, PAGE
from tests.transports.websocket.conversations import conversation

SUNSET = datetime(2099, 6, 1, tzinfo=UTC)
DAYS = {"deprecatedOn": "2026-11-01", "sunsetOn": SUNSET.date().isoformat()}
CLOCK = {"MOVED_CLOCK_TO": str(SUNSET.timestamp())}
IN_1 = {"eventType": "order.shipped", "schemaVersion": "1.2.0", "data": LEAST_SEEN}
IN_2 = {"eventType": "order.shipped", "schemaVersion": "2.0.0", "data": LEAST}
ENDED: tuple[dict[str, Any], ...] = ({}, {"majorVersion": 1})
SECONDS_BEFORE = 2
LIVING: dict[str, Any] = {"majorVersion": 2}


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., ServerProcess]:
    """Return a function that starts a server of two majors of order.shipped, of which the older one ends on SUNSET, on one log."""
    folder: Path = tmp_path_factory.mktemp("sunset")
    copy = ContractCopy(folder / "contract")
    add_order_shipped_2(copy)
    for version in (copy.contracts / "order.shipped").glob("1.*"):
        (version / "deprecated.json").write_text(json.dumps(DAYS))
    options = ("--store", sqlite(folder), "--contract", str(copy.root), "--grpc-port", "0", *QUICK)

    def begin(**environment: str) -> ServerProcess:
        return ServerProcess(*options, module="tests.support.moved_clock", environment={**CLOCK, **environment})

    return begin


def publish(server: ServerProcess, event: dict[str, Any]) -> httpx.Response:
    return httpx.post(server.events_url, json=event, timeout=ANSWER_SECONDS, trust_env=False)


def frames(stack: ExitStack, server: ServerProcess, parameters: dict[str, Any]) -> Iterator[ServerSentEvent]:
    client = stack.enter_context(httpx.Client(trust_env=False, timeout=ANSWER_SECONDS))
    accept = {"Accept": "text/event-stream"}
    response = stack.enter_context(client.stream("GET", server.events_url, params=parameters, headers=accept))
    received = EventSource(response).iter_sse()
    assert next(received).event == "stream.checkpoint"
    return (each for each in received if each.event != "stream.checkpoint")


def test_readers_of_a_major_are_told_when_it_ends_and_others_go_on(start: Callable[..., ServerProcess]) -> None:
    with start() as server, ExitStack() as stack:
        ending = [frames(stack, server, each) for each in ENDED]
        living = frames(stack, server, LIVING)
        assert [next(each).event for each in ending] == ["stream.deprecation"] * 2
        talk = stack.enter_context(conversation(server))
        for number, each in enumerate(ENDED, 1):
            assert talk.ask("subscribe", subscription=number, **each)["type"] == "checkpoint"
            assert talk.read()["type"] == "deprecation"
        assert talk.ask("subscribe", subscription=3, **LIVING)["type"] == "checkpoint"
        client = stack.enter_context(GrpcClient(server.grpc_address))
        calls = [client.subscribe(major_version=major) for major in (1, 2)]
        assert [next(each).WhichOneof("item") for each in calls] == ["checkpoint"] * 2
        assert next(calls[0]).WhichOneof("item") == "deprecation"
        assert publish(server, IN_1).status_code == 201
        assert [next(each).event for each in (*ending, living)] == ["order.shipped"] * 3
        assert [talk.read()["type"] for _ in range(3)] == ["events"] * 3
        assert [_item(each) for each in calls] == ["events"] * 2

        server.signal(signal.SIGUSR2)

        for stream in ending:
            assert [(each.event, each.json()) for each in stream] == [("stream.closing", {"reason": "version_retired"})]
        closed = [talk.read() for _ in ENDED]
        assert sorted((each["type"], each["subscription"], each["reason"]) for each in closed) == [
            ("closing", 1, "version_retired"),
            ("closing", 2, "version_retired"),
        ]
        with pytest.raises(grpc.RpcError) as failed:
            list(calls[0])
        assert failed.value.code() is grpc.StatusCode.FAILED_PRECONDITION
        assert_retired(server)
        assert publish(server, IN_2).status_code == 201
        assert (next(living).event, talk.read()["subscription"], _item(calls[1])) == ("order.shipped", 3, "events")


def test_a_server_that_starts_after_the_day_refuses_the_major_and_has_its_events(
    start: Callable[..., ServerProcess],
) -> None:
    with start(MOVED_CLOCK_AT_ONCE="yes") as server:
        assert_retired(server)
        page = _get(server, {**LIVING, "from": "earliest"}).raise_for_status().json()["events"]
        assert [each["schemaVersion"] for each in page] == ["2.0.0", "2.0.0"]
        assert page[0]["data"] == {**LEAST, "service": "unknown"}


def test_a_page_that_waits_is_refused_when_the_day_begins(start: Callable[..., ServerProcess]) -> None:
    before = SUNSET.timestamp() - SECONDS_BEFORE
    with start(MOVED_CLOCK_TO=str(before)) as server:
        server.signal(signal.SIGUSR2)
        began = time.monotonic()
        waited = _get(server, {"majorVersion": 1, "wait": 30})
        assert waited.status_code == 410
        assert time.monotonic() - began < 30


def assert_retired(server: ServerProcess) -> None:
    for each in ENDED:
        assert _get(server, each).status_code == 410
    assert publish(server, IN_1).status_code == 422


def _get(server: ServerProcess, parameters: dict[str, Any]) -> httpx.Response:
    return httpx.get(server.url + EVENTS, params=parameters, headers=PAGE, timeout=ANSWER_SECONDS, trust_env=False)


def _item(call: Iterator[Any]) -> str:
    kinds = (str(each.WhichOneof("item")) for each in call)
    return next(each for each in kinds if each not in ("checkpoint", "heartbeat"))
