"""A run against good servers in every state, and against servers of no or another contract."""

from __future__ import annotations

import asyncio
import itertools
import json
import socket
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.types import Receive, Scope, Send

from app.check.findings import Outcome, Report
from app.check.run import run
from app.check.table import CHECKS
from app.check.target.target import Options
from tests.check.broken_server import BrokenServer, Fault, Head, Received, serving
from tests.check.broken_socket import SocketFault
from tests.check.faults import EVENTS, resumes
from tests.check.planted import OF_HTTP
from tests.check.stream_faults import silent
from tests.support.contract_copy import ContractCopy
from tests.support.order_returned import add_order_returned
from tests.support.ports import url_without_server
from tests.support.server_process import ServerProcess

QUICK = Options(quick=True)
NOT_WITHOUT_EVENTS = {
    *("closing", "limit", "payloads", "ids", "resume", "header-wins", "end-checkpoint", "near-ids", "empty-id"),
    *("start-open", "from-latest", "valid-value", "major-version", "websocket-skipped", "websocket-near-ids"),
    *(
        "start-order",
        "since",
        "paging",
        "page-size",
        "page-position",
        "page-alone",
        "event-type-filter",
        "order-filter",
    ),
    *("both-filters", "live", "resume-open", "first-id", "stored-at", "counts", "counts-position", "compression"),
    *(
        "websocket-limit",
        "websocket-members",
        "websocket-events",
        "websocket-resume",
        "websocket-since",
        "websocket-filters",
    ),
}


def by_outcome(report: Report, outcome: Outcome) -> dict[str, str]:
    return {
        result.name: result.reason or str(result.findings) for result in report.results if result.outcome is outcome
    }


@pytest.fixture(scope="module")
def good() -> Iterator[ServerProcess]:
    """A good server whose log stays empty."""
    with ServerProcess("--store", "memory:", "--source", "none", "--heartbeat-seconds", "0.3") as server:
        yield server


@pytest.fixture(scope="module")
def broken() -> Iterator[tuple[BrokenServer, str]]:
    """A broken server in front of one that has some events, and its URL."""
    with ServerProcess("--store", "memory:", "--source", "none", "--heartbeat-seconds", "0.3") as server:
        event = {"eventType": "order.shipped", "data": {"orderId": "or_1", "when": "2024-05-01T10:00:00Z"}}
        httpx.post(server.events_url, json=[event] * 20, trust_env=False, timeout=60).raise_for_status()
        application = BrokenServer(server.url)
        with serving(application) as url:
            yield application, url


def test_an_empty_log_violates_nothing_and_checks_that_need_events_are_not_seen(good: ServerProcess) -> None:
    report = run(good.url, replace(QUICK, heartbeat_seconds=0.3))
    skipped = {each.name for each in CHECKS if each.skipped(QUICK)}
    assert by_outcome(report, Outcome.NOT_SEEN).keys() == NOT_WITHOUT_EVENTS
    assert by_outcome(report, Outcome.SKIPPED).keys() == skipped
    assert report.outcome is Outcome.HELD
    assert report.events == 0


def test_only_the_named_checks_run(good: ServerProcess) -> None:
    report = run(good.url, QUICK, ["head", "end-of-log"])
    assert [result.name for result in report.results] == ["contract", "end-of-log", "head"]


def test_times_are_those_that_the_document_promises(broken: tuple[BrokenServer, str]) -> None:
    application, url = broken
    application.fault = Fault(streams=silent)
    report = run(url, Options(), ["heartbeat"])
    application.fault = Fault()
    assert report.outcome is Outcome.VIOLATED
    assert "nothing came for more than 0.3 s" in str(report.results[-1].findings)


def test_each_result_is_passed_on_as_soon_as_it_is_known(good: ServerProcess) -> None:
    names: list[str] = []
    report = run(good.url, QUICK, ["head"], lambda result: names.append(result.name))
    assert names == [result.name for result in report.results]


def check_log_of_epochs(folder: Path, starts: int) -> None:
    """Start a server on one log several times; its promises are held each time, over the events of all starts."""
    store = ("--store", f"sqlite:{folder}/orders.db", "--source", "none", "--heartbeat-seconds", "0.3")
    for _ in range(starts):
        with ServerProcess(*store) as server:
            report = run(server.url, replace(QUICK, publish=True))
            assert by_outcome(report, Outcome.VIOLATED) == {}
            assert by_outcome(report, Outcome.UNCHECKED) == {}
            assert by_outcome(report, Outcome.NOT_SEEN) == {}
    assert report.events > 30


def test_a_log_of_several_epochs_is_read_to_its_end(tmp_path: Path) -> None:
    check_log_of_epochs(tmp_path, starts=2)


def churn() -> Fault:
    """Publish before every third request, so that the log deletes as many events on a slow machine as on a fast one."""
    requests = itertools.count()
    event = {"eventType": "order.shipped", "data": {"orderId": "or_1", "when": "2024-05-01T10:00:00Z"}}
    headers = {"content-type": "application/json"}
    publishing = Received("POST", EVENTS, (), headers, json.dumps([event] * 30).encode())
    return Fault(first=lambda _: [publishing] if next(requests) % 3 == 0 else [])


def check_changing_log(seed: int) -> None:
    """Check a log that grows and is deleted meanwhile. `seed`: of the check."""
    retained = ("--retain-events", "200", "--heartbeat-seconds", "0.3")
    with ServerProcess("--store", "memory:", "--source", "simulator:10", *retained) as server:
        application = BrokenServer(server.url)
        application.fault = churn()
        with serving(application) as url:
            report = run(url, Options(publish=True, seed=seed))
    assert by_outcome(report, Outcome.VIOLATED) == {}
    assert by_outcome(report, Outcome.UNCHECKED) == {}


def test_a_log_that_grows_and_is_deleted_during_the_check_violates_nothing() -> None:
    check_changing_log(seed=0)


def test_a_new_event_type_is_checked_without_a_change_to_the_check(tmp_path: Path) -> None:
    copy = ContractCopy(tmp_path / "contract")
    add_order_returned(copy)
    served = ("--store", "memory:", "--source", "none", "--contract", str(copy.root))
    with ServerProcess(*served) as server:
        events = [
            {
                "eventType": "order.returned",
                "data": {"orderId": "or_1", "when": "2024-05-01T10:00:00Z", "items": number},
            }
            for number in range(1, 9)
        ]
        httpx.post(server.events_url, json=events, trust_env=False, timeout=60).raise_for_status()
        report = run(server.url, replace(QUICK, publish=True))
    assert {result.outcome for result in report.results} == {Outcome.HELD, Outcome.SKIPPED}


def test_without_a_websocket_operation_its_checks_are_not_seen(broken: tuple[BrokenServer, str]) -> None:
    application, url = broken

    def without_socket(asked: Received, given: Head) -> Head:
        if asked.path != "/openapi.json":
            return given
        document = json.loads(given.body)
        del document["paths"]["/events/orders/socket"]
        return replace(given, body=json.dumps(document).encode())

    application.fault = Fault(gives=without_socket)
    names = [each.name for each in CHECKS if each.name.startswith("websocket")]
    report = run(url, Options(publish=True), names)
    reason = "The contract has no operation openOrderEventsSocket."
    assert by_outcome(report, Outcome.NOT_SEEN) == dict.fromkeys(names, reason)


@pytest.mark.parametrize(
    "nonsense", [7, [], {}, {"type": 7}, {"type": "events"}, {"type": "events", "events": [{}, 7]}]
)
def test_nonsense_over_websocket_is_a_violation_and_no_crash(
    broken: tuple[BrokenServer, str], nonsense: object
) -> None:
    application, url = broken
    application.fault = Fault(socket=SocketFault(sends=lambda _, __: [nonsense]))
    names = [each.name for each in CHECKS if each.name.startswith("websocket")]
    report = run(url, replace(QUICK, publish=True, timeout_seconds=0.5), names)
    found = by_outcome(report, Outcome.VIOLATED)
    assert {"websocket-opening", "websocket-errors", "websocket-numbers", "websocket-gap"} <= found.keys()
    assert by_outcome(report, Outcome.UNCHECKED) == {}


def test_message_of_a_type_that_the_contract_does_not_have_is_ignored(broken: tuple[BrokenServer, str]) -> None:
    application, url = broken

    def sends(_: object, message: dict[str, Any]) -> list[dict[str, Any]]:
        first = message["type"] in ("checkpoint", "gap")  # which opens the subscription
        return [message, {"type": "news"}] if first else [{"type": "news"}, message]

    application.fault = Fault(socket=SocketFault(sends=sends))
    names = [each.name for each in CHECKS if each.name.startswith("websocket")]
    report = run(url, replace(QUICK, publish=True, timeout_seconds=10), names)
    assert by_outcome(report, Outcome.VIOLATED) == {}


def test_draining_websocket_violates_nothing(broken: tuple[BrokenServer, str]) -> None:
    application, url = broken
    drained = {"type": "closing", "subscription": 1, "reason": "drain"}
    application.fault = Fault(socket=SocketFault(sends=lambda _, __: [drained], closes=lambda _: 1012))
    names = ["websocket-opening", "websocket-events", "websocket-closings"]
    report = run(url, QUICK, names)
    assert by_outcome(report, Outcome.UNCHECKED).keys() == set(names)


def test_the_same_seed_chooses_the_same_places(broken: tuple[BrokenServer, str]) -> None:
    application, url = broken
    chosen: list[list[str | None]] = []

    def note(asked: Received) -> Received:
        chosen[-1].append(asked.last_event_id)
        return asked

    application.fault = Fault(asks=note)
    for seed in (1, 1, 2):
        chosen.append([])
        run(url, replace(QUICK, seed=seed, max_events=20), ["resume"])
    assert chosen[0] == chosen[1] != chosen[2]


NONSENSE = [
    b"[" * 100_000,
    b'{"limit": ' + b"9" * 5000 + b"}",
    b"",
    b"null",
    b"7",
    b"[]",
    b"{}",
    b"<p>Hello</p>",
    b"\xff\x00",
    b'{"events": [{"id": 7}]}',
    b'{"type": [], "status": {}}',
]


@pytest.mark.parametrize("nonsense", NONSENSE)
def test_nonsense_is_a_violation_and_no_crash(broken: tuple[BrokenServer, str], nonsense: bytes) -> None:
    check_nonsense(broken, nonsense, OF_HTTP)


def check_nonsense(broken: tuple[BrokenServer, str], nonsense: bytes, names: Sequence[str]) -> None:
    """Check a server that answers with nonsense: promises are broken, and no check fails to end."""
    application, url = broken

    def gives(asked: Received, given: Head) -> Head:
        return given if asked.path == "/openapi.json" or given.status == 204 else replace(given, body=nonsense)

    def piece(_: bytes) -> bytes:
        return b"id\nevent: \xff\ndata: " + nonsense + b"\n\n"

    application.fault = Fault(gives=gives, streams=lambda _: piece)
    report = run(url, replace(QUICK, publish=True, heartbeat_seconds=0.3, timeout_seconds=4), names)
    found = by_outcome(report, Outcome.VIOLATED)
    assert {
        "event-schemas",
        "opening",
        "publish-once",
        "publish-malformed",
        "unknown-path",
        "lost-page",
    } <= found.keys()


@pytest.mark.parametrize("letter", ["\u00e4", "\x01", "\x7f", " ", "\udc80"])
def test_ids_that_no_header_or_url_can_carry_are_a_violation_and_no_crash(
    broken: tuple[BrokenServer, str], letter: str
) -> None:
    application, url = broken
    spoiled = b"\nid: " + letter.encode("utf-8", "surrogateescape")
    application.fault = Fault(streams=lambda _: lambda piece: (b"\n" + piece).replace(b"\nid: ", spoiled)[1:])
    report = run(url, replace(QUICK, heartbeat_seconds=0.3), OF_HTTP)
    assert {"opening", "ids", "resume"} <= by_outcome(report, Outcome.VIOLATED).keys() | by_outcome(
        report, Outcome.UNCHECKED
    ).keys()


BROKEN_DOCUMENTS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "a reference that leads nowhere": lambda paths: {**paths, "/x": {"get": {"$ref": "#/components/nothing"}}},
    "a reference that leads out": lambda paths: {**paths, "/x": {"$ref": "http://127.0.0.1:1/x.json"}},
    "a path that is a number": lambda paths: {**paths, "/x": 7},
    "an operation that is a list": lambda paths: {**paths, "/x": {"get": []}},
    "a parameter that is text": lambda paths: {**paths, "/x": {"get": {"operationId": "x", "parameters": ["y"]}}},
    "nesting without end": lambda paths: {**paths, "/x": {"get": nested(400)}},
}


def test_a_reference_to_another_address_is_not_fetched(broken: tuple[BrokenServer, str]) -> None:
    application, url = broken
    asked_for: list[str] = []

    def note(asked: Received) -> Received:
        asked_for.append(asked.path)
        return asked

    def referring(asked: Received, given: Head) -> Head:
        if asked.path != "/openapi.json":
            return given
        document = json.loads(given.body)
        document["paths"]["/x"] = {"$ref": f"{url}/elsewhere.json"}
        return replace(given, body=json.dumps(document).encode())

    application.fault = Fault(asks=note, gives=referring)
    report = run(url, QUICK, ["contract-document"])
    assert "leads out of the document" in by_outcome(report, Outcome.VIOLATED)["contract-document"]
    assert asked_for == ["/openapi.json", "/openapi.yaml"]


def nested(levels: int) -> Any:
    value: Any = {}
    for _ in range(levels):
        value = {"x-nested": value}
    return value


@pytest.mark.parametrize("fault", BROKEN_DOCUMENTS)
def test_a_broken_document_is_a_violation_and_no_crash(broken: tuple[BrokenServer, str], fault: str) -> None:
    application, url = broken

    def broken_document(asked: Received, given: Head) -> Head:
        if asked.path != "/openapi.json":
            return given
        document = json.loads(given.body)
        document["paths"] = BROKEN_DOCUMENTS[fault](document["paths"])
        return replace(given, body=json.dumps(document).encode())

    application.fault = Fault(gives=broken_document)
    report = run(url, QUICK, ["contract-document"])
    assert report.outcome is not Outcome.HELD


def test_a_stream_that_never_ends_is_a_violation(broken: tuple[BrokenServer, str]) -> None:
    application, url = broken
    application.fault = Fault(asks=lambda asked: asked.without("follow"))
    report = run(url, replace(QUICK, timeout_seconds=4), ["closing", "end-of-log"])
    found = by_outcome(report, Outcome.VIOLATED)
    assert found.keys() == {"closing", "end-of-log"}
    assert "after 4 s it was still open" in found["closing"]


def test_an_old_event_at_the_end_of_the_log_is_a_violation(broken: tuple[BrokenServer, str]) -> None:
    application, url = broken
    first: list[bytes] = []

    def repeat(piece: bytes) -> bytes:
        first.extend([piece] if b"\nevent: order." in piece else [])
        return first[0] + piece if b"stream.closing" in piece else piece

    application.fault = Fault(streams=lambda asked: repeat if resumes(asked) else bytes)
    report = run(url, QUICK, ["resume"])
    assert "which belongs elsewhere" in by_outcome(report, Outcome.VIOLATED)["resume"]


def loses(asked: Received) -> bool:
    return asked.wants_page and asked.path == EVENTS


def test_paging_stops_if_every_page_is_a_gap(broken: tuple[BrokenServer, str]) -> None:
    application, url = broken
    application.fault = Fault(
        asks=lambda asked: replace(asked, parameters=[("lastEventId", "lost")]) if loses(asked) else asked
    )
    report = run(url, QUICK, ["paging"])
    assert by_outcome(report, Outcome.UNCHECKED) == {
        "paging": "The server deletes events faster than they can be read."
    }


def test_nothing_is_published_if_the_contract_has_no_example_of_an_event(broken: tuple[BrokenServer, str]) -> None:
    application, url = broken

    def without_examples(_: Received, given: Head) -> Head:
        document = json.loads(given.body) if given.body else {}
        if "paths" not in document:
            return given
        del document["paths"][EVENTS]["post"]["requestBody"]["content"]["application/json"]["examples"]
        return replace(given, body=json.dumps(document).encode())

    application.fault = Fault(gives=without_examples)
    report = run(url, replace(QUICK, publish=True), ["publish-once"])
    assert by_outcome(report, Outcome.UNCHECKED) == {
        "publish-once": "The contract shows no example of an event to publish."
    }


NO_CONTRACT: dict[str, Callable[[dict[str, Any]], Any]] = {
    "is not a JSON document": lambda _: [],
    "must be OpenAPI 3.0.x, not '3.1.0'": lambda document: {**document, "openapi": "3.1.0"},
    "must be OpenAPI 3.0.x, not None": lambda _: {},
    "is not built like the contract (KeyError": lambda document: {**document, "paths": {}},
    "is not built like the contract (AttributeError": lambda document: {**document, "paths": []},
    "is not built like the contract (ValueError": lambda document: {
        **document,
        "components": {
            **document["components"],
            "schemas": {**document["components"]["schemas"], "OrderEventStreamFrame": {"$ref": "elsewhere.json"}},
        },
    },
    "has a schema that cannot be checked": lambda document: {
        **document,
        "components": {
            **document["components"],
            "schemas": {
                **document["components"]["schemas"],
                "Position": {"type": "string", "contentEncoding": "base64"},
            },
        },
    },
}


@pytest.mark.parametrize("reason", NO_CONTRACT)
def test_nothing_can_be_checked_without_a_contract(broken: tuple[BrokenServer, str], reason: str) -> None:
    application, url = broken
    change = NO_CONTRACT[reason]
    application.fault = Fault(
        gives=lambda _, given: replace(given, body=json.dumps(change(json.loads(given.body))).encode())
    )
    report = run(url, QUICK)
    assert [(result.name, result.outcome) for result in report.results] == [("contract", Outcome.UNCHECKED)]
    assert reason in report.results[0].reason


@pytest.mark.parametrize("status", [429, 503])
def test_a_server_that_is_unavailable_or_limits_its_clients_violates_nothing(
    broken: tuple[BrokenServer, str], status: int
) -> None:
    application, url = broken
    application.fault = Fault(
        asks=lambda asked: replace(asked, path="/health/live", parameters=()) if asked.path == EVENTS else asked,
        gives=lambda asked, given: replace(given, status=status) if asked.path == EVENTS else given,
    )
    report = run(url, replace(QUICK, publish=True))
    assert by_outcome(report, Outcome.VIOLATED) == {}
    assert "not available" in by_outcome(report, Outcome.UNCHECKED)["opening"]


def test_a_server_that_drains_violates_nothing(broken: tuple[BrokenServer, str]) -> None:
    application, url = broken
    # A compressed stream that is cut is read as it is.
    application.fault = Fault(
        streams=lambda asked: drained if asked.headers["accept-encoding"] == "identity" else bytes
    )
    report = run(url, replace(QUICK, heartbeat_seconds=0.3))
    assert by_outcome(report, Outcome.VIOLATED) == {}
    assert "drain" in by_outcome(report, Outcome.UNCHECKED)["opening"]


def drained(_: bytes) -> bytes:
    return b'retry: 3000\nevent: stream.closing\ndata: {"reason":"drain"}\n\n'


def test_a_server_that_cannot_be_reached_is_not_checked() -> None:
    report = run(url_without_server(), QUICK)
    assert report.outcome is Outcome.UNCHECKED
    assert "No answer to GET" in report.results[0].reason


def test_a_server_that_never_answers_cannot_be_checked() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        report = run(f"http://127.0.0.1:{listener.getsockname()[1]}", replace(QUICK, timeout_seconds=0.5))
    assert "within 0.5 s" in report.results[0].reason


def test_a_response_that_never_ends_cannot_be_checked() -> None:
    async def trickle(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            for event in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{event}.complete"})
            return
        await receive()
        left = asyncio.ensure_future(receive())
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while not left.done():
            await send({"type": "http.response.body", "body": b" ", "more_body": True})
            await asyncio.sleep(0.05)

    with serving(trickle) as url:
        report = run(url, replace(QUICK, timeout_seconds=0.5))
    assert "within 0.5 s" in report.results[0].reason
