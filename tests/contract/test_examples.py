"""Every example of the contract is true: a request that is accepted, or an answer that a client receives."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from jsonschema import Draft202012Validator

from tests.support.server_process import ServerProcess
from tests.transports.http.orders import EVENTS, PAGE, cancelled, frames, publish, shipped

ROOT = Path(__file__).parents[2]
SOURCE: dict[str, Any] = yaml.safe_load((ROOT / "openapi" / "orders-events.yaml").read_text())
PROBLEMS = {example["value"]["type"]: example["value"] for example in SOURCE["components"]["examples"].values()}
VALID = sorted(ROOT.glob("contracts/order.*/*/examples/valid-*.json"))
INVALID = sorted(ROOT.glob("contracts/order.*/*/examples/invalid-*.json"))


@pytest.fixture(scope="module")
def http() -> Iterator[httpx.Client]:
    arguments = ("--store", "memory:", "--heartbeat-seconds", "1")
    with ServerProcess(*arguments) as server, httpx.Client(base_url=server.url, timeout=30) as client:
        yield client


@pytest.fixture(scope="module")
def document(http: httpx.Client) -> dict[str, Any]:
    return dict(http.get("/openapi.json").json())


def examples_of(described: dict[str, Any], document: dict[str, Any]) -> Iterator[Any]:
    """Yield the examples of a parameter or media type: `example` and `examples`, with references followed."""
    if "example" in described:
        yield described["example"]
    for example in described.get("examples", {}).values():
        yield resolved(example, document)["value"]


def resolved(node: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in node:
        _, *path = node["$ref"].split("/")
        node = document
        for part in path:
            node = node[part]
    return node


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def check(schema: dict[str, Any], value: Any, document: dict[str, Any]) -> None:
    """Validate a value with the document alone, as a client would."""
    whole = {**schema, "components": document["components"]}
    validator = Draft202012Validator(whole, format_checker=Draft202012Validator.FORMAT_CHECKER)
    assert [error.message for error in validator.iter_errors(value)] == []


def test_every_example_of_a_request_is_published(http: httpx.Client, document: dict[str, Any]) -> None:
    media = document["paths"][EVENTS]["post"]["requestBody"]["content"]["application/json"]
    examples = list(examples_of(media, document))
    assert len(examples) >= 3
    for example in examples:
        response = http.post(EVENTS, json=example)
        assert response.status_code == 201, response.text
        check(answer(document, EVENTS, "post", "201", "application/json"), response.json(), document)


def test_every_example_of_a_parameter_is_accepted(http: httpx.Client, document: dict[str, Any]) -> None:
    for path, method, operation in operations(document):
        if "x-messages" in operation:
            continue  # each of its parameters needs the others: see test_socket.py
        for parameter in (resolved(each, document) for each in operation.get("parameters", [])):
            for example in examples_of(parameter, document):
                text = json.dumps(example) if isinstance(example, bool) else example
                headers = {parameter["name"]: text} if parameter["in"] == "header" else {}
                query = {parameter["name"]: text} if parameter["in"] == "query" else {}
                whole_path = path.replace("{eventType}", "order.shipped").replace("{version}", "1.0.0")
                if parameter["name"] == "wait":
                    publish(http, shipped())
                    query["from"] = "earliest"  # the page is not empty, so the server does not wait
                response = http.request(method, whole_path, params=query, headers={**headers, **PAGE})
                assert response.status_code in {200, 410}, (parameter["name"], response.text)


def test_every_example_of_an_event_contract_is_published(http: httpx.Client) -> None:
    assert VALID
    for path in VALID:
        data = json.loads(path.read_text())
        event = {"eventType": path.parents[2].name, "schemaVersion": path.parents[1].name, "data": data}
        response = http.post(EVENTS, json=event)
        assert response.status_code == 201, (path, response.text)


def test_every_counterexample_of_an_event_contract_is_refused(http: httpx.Client) -> None:
    assert INVALID
    for path in INVALID:
        data = json.loads(path.read_text())
        event = {"eventType": path.parents[2].name, "schemaVersion": path.parents[1].name, "data": data}
        response = http.post(EVENTS, json=event)
        assert response.status_code == 422, (path, response.text)
        assert all(each["pointer"].startswith("/data") for each in response.json()["violations"])


def answer(document: dict[str, Any], path: str, method: str, status: str, media_type: str) -> dict[str, Any]:
    """Return the schema of a response."""
    response = resolved(document["paths"][path][method]["responses"][status], document)
    return dict(response["content"][media_type]["schema"])


def test_every_kind_of_frame_arrives_as_the_contract_describes_it(http: httpx.Client, document: dict[str, Any]) -> None:
    publish(http, shipped(), cancelled())
    gap = http.get(EVENTS, params={"lastEventId": "nope", "follow": "false"})
    checkpoint = http.get(EVENTS, params={"from": "earliest", "limit": 1})
    described = answer(document, EVENTS, "get", "200", "text/event-stream")

    received: set[str | None] = set()
    for frame in frames(gap.text + checkpoint.text):
        fields = {name: value for name, value in frame._asdict().items() if value is not None}
        parsed = {**fields, "data": json.loads(fields["data"]), **({"retry": int(frame.retry)} if frame.retry else {})}
        check(described, parsed, document)
        received.add(frame.event)

    assert received == {"order.shipped", "order.cancelled", "stream.gap", "stream.checkpoint", "stream.closing"}


def test_a_page_is_as_the_contract_describes_it(http: httpx.Client, document: dict[str, Any]) -> None:
    publish(http, shipped(), cancelled())
    for query in ({"from": "earliest"}, {}):
        page = http.get(EVENTS, params=query, headers=PAGE).json()
        check(answer(document, EVENTS, "get", "200", "application/json"), page, document)


REFUSED: dict[str, Callable[[httpx.Client], httpx.Response]] = {
    "/problems/invalid-parameter": lambda http: http.get(EVENTS, params={"limit": "0", "nonsense": "1"}),
    "/problems/malformed-body": lambda http: http.post(
        EVENTS, content=b"{", headers={"Content-Type": "application/json"}
    ),
    "/problems/not-found": lambda http: http.get("/event-types/order.shipped/9.0.0"),
    "/problems/method-not-allowed": lambda http: http.delete(EVENTS),
    "/problems/not-acceptable": lambda http: http.get(EVENTS, headers={"Accept": "text/html"}),
    "/problems/event-id-conflict": lambda http: http.post(EVENTS, json=[shipped(eventId="x"), cancelled(eventId="x")]),
    "/problems/position-lost": lambda http: http.get(EVENTS, params={"lastEventId": "nope"}, headers=PAGE),
    "/problems/content-too-large": lambda http: http.post(
        EVENTS, content=b" " * (8 * 1024 * 1024 + 1), headers={"Content-Type": "application/json"}
    ),
    "/problems/unsupported-media-type": lambda http: http.post(EVENTS, content=b"{}"),
    "/problems/contract-violation": lambda http: http.post(EVENTS, json={}),
    "/problems/misdirected-request": lambda http: http.get("/health/live", headers={"Host": "evil.example"}),
    "/problems/upgrade-required": lambda http: http.get(f"{EVENTS}/socket"),
}
ELSEWHERE = {
    *("/problems/internal-error", "/problems/unavailable"),  # these need a fault or a drain: see test_drain.py
    *("/problems/overloaded", "/problems/too-many-requests"),  # these need limits: see test_limits.py
    *("/problems/unauthenticated", "/problems/forbidden"),  # these need keys: see test_security.py
    "/problems/version-retired",  # this needs a version that has ended: see tests/transports/test_retired_majors.py
    # These need a WebSocket connection: see tests/transports/websocket/
    *("/problems/origin-not-allowed", "/problems/invalid-message", "/problems/subscription-in-use"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_every_problem_is_received_as_its_example_shows_it(
    http: httpx.Client, document: dict[str, Any], kind: str
) -> None:
    response = REFUSED[kind](http)
    problem, example = response.json(), PROBLEMS[kind]

    check({"$ref": "#/components/schemas/Problem"}, problem, document)
    assert response.status_code == example["status"]
    assert {name: problem[name] for name in ("type", "title", "status")} == {
        name: example[name] for name in ("type", "title", "status")
    }
    assert problem.keys() == example.keys()


def test_there_is_an_example_of_every_problem() -> None:
    kinds = SOURCE["components"]["schemas"]["Problem"]["properties"]["type"]["enum"]
    assert set(kinds) == set(PROBLEMS) == REFUSED.keys() | ELSEWHERE
