"""Over TCP: which requests are refused for want of a token, and that all of them get one and the same answer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc.jwk import ECKey
from prometheus_client.parser import text_string_to_metric_families

from app.specification.openapi.structure import operations
from tests.support.bad_tokens import bad_tokens
from tests.support.server_process import QUICK, ServerProcess
from tests.support.tokens import AUDIENCE, ISSUER, token, token_settings

PAGE = "/events/orders?from=earliest"
COOKIE = "__Host-orders_events_token"
EVENT = {"eventType": "order.shipped", "data": {"orderId": "or_1", "when": "2024-05-01T10:00:00Z"}}
JSON = ("Accept", "application/json")

Headers = list[tuple[str, str]]


def bearer(text: str) -> tuple[str, str]:
    return "Authorization", f"Bearer {text}"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    settings = token_settings(tmp_path_factory.mktemp("keys"))
    with ServerProcess("--store", "memory:", *QUICK, *settings) as running:
        yield running


@pytest.fixture(scope="module")
def client(server: ServerProcess) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, timeout=60, limits=httpx.Limits(max_keepalive_connections=0)) as client:
        yield client


def answered(client: httpx.Client, headers: Headers, target: str = PAGE) -> tuple[int, Headers, bytes]:
    answer = client.get(target, headers=[JSON, *headers])
    return answer.status_code, [each for each in answer.headers.multi_items() if each[0] != "date"], answer.content


def test_every_bad_token_gets_the_answer_of_no_token(client: httpx.Client) -> None:
    expected = answered(client, [])
    good = token()

    for name, bad in bad_tokens().items():
        assert answered(client, [bearer(bad)]) == expected, name
        assert answered(client, [bearer(bad), ("Cookie", f"{COOKIE}={good}")]) == expected, name
        assert answered(client, [("Cookie", f"{COOKIE}={bad}")]) == expected, name
    status, headers, body = expected
    assert status == 401
    metadata = f"{AUDIENCE}/.well-known/oauth-protected-resource"
    assert dict(headers)["www-authenticate"] == f'Bearer resource_metadata="{metadata}"'
    assert len(body) < 200


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param([("Authorization", "")], id="empty header"),
        pytest.param([("Authorization", "Bearer")], id="no token in the header"),
        pytest.param([("Authorization", "Basic dXNlcjpwYXNz"), ("Cookie", f"{COOKIE}={token()}")], id="Basic"),
        pytest.param([("Authorization", token())], id="no scheme"),
        pytest.param([bearer(token()), bearer(token())], id="two headers"),
        pytest.param([bearer(f"{token()}, {token()}")], id="two tokens in a header"),
        pytest.param([("Cookie", f"{COOKIE}={token()}; {COOKIE}={token()}")], id="two cookies"),
        pytest.param([("Cookie", f"{COOKIE}=junk; {COOKIE}={token()}")], id="junk before a cookie"),
        pytest.param([("Cookie", f'{COOKIE}="{token()}"')], id="a quoted cookie"),
        pytest.param([("Cookie", f"{COOKIE.lower()}={token()}")], id="another cookie"),
    ],
)
def test_a_token_in_another_form_is_not_accepted(client: httpx.Client, headers: Headers) -> None:
    assert answered(client, headers) == answered(client, [])


@pytest.mark.parametrize("name", ["access_token", "token", COOKIE])
def test_a_token_in_the_url_is_not_accepted(client: httpx.Client, name: str) -> None:
    assert answered(client, [], f"{PAGE}&{name}={token()}") == answered(client, [])


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param([bearer(token())], id="header"),
        pytest.param([("Authorization", f"bEARER   {token()}")], id="the scheme in another case"),
        pytest.param([bearer(token()), ("Cookie", f"{COOKIE}=junk")], id="header beside a bad cookie"),
        pytest.param([("Cookie", f"{COOKIE}={token()}")], id="cookie"),
        pytest.param([("Cookie", f'x={{"a":1}}; a@b=1; =; ;q="x y";{COOKIE}={token()};x=\xe9')], id="odd cookies"),
    ],
)
def test_a_good_token_is_accepted(client: httpx.Client, headers: Headers) -> None:
    encoded = [(name.encode(), value.encode("latin-1")) for name, value in [JSON, *headers]]
    assert client.get(PAGE, headers=encoded).status_code == 200
    assert client.head(PAGE, headers=encoded).status_code == 200


def test_a_stream_is_opened_with_a_cookie(client: httpx.Client) -> None:
    with client.stream("GET", "/events/orders", headers=[("Cookie", f"{COOKIE}={token()}")]) as response:
        assert response.status_code == 200
        assert next(response.iter_lines()).startswith("retry:")


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("GET", PAGE, "orders:publish orders:observe"),
        ("POST", "/events/orders", "orders:read orders:observe"),
        ("GET", "/metrics", "orders:read orders:publish"),
        ("GET", "/metrics", None),
        ("GET", "/metrics", "orders:observer"),
    ],
)
def test_a_token_without_the_scope_is_forbidden(
    client: httpx.Client, method: str, path: str, scope: str | None
) -> None:
    answer = client.request(method, path, headers=[bearer(token(scope=scope))])

    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/forbidden")
    assert "does not have the scope 'orders:" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("method", "path", "scope", "body", "status"),
    [
        ("POST", "/events/orders", "orders:publish", EVENT, 201),
        ("GET", "/metrics", "orders:observe", None, 200),
        ("GET", f"{PAGE}&limit=1", "other orders:read", None, 200),
    ],
)
def test_the_scope_of_an_operation_is_enough(
    client: httpx.Client, method: str, path: str, scope: str, body: object, status: int
) -> None:
    answer = client.request(method, path, json=body, headers=[JSON, bearer(token(scope=scope))])
    assert answer.status_code == status


def test_a_cookie_does_not_publish(client: httpx.Client) -> None:
    answer = client.post("/events/orders", json=EVENT, headers=[("Cookie", f"{COOKIE}={token()}")])
    assert answer.status_code == 401


def test_a_token_is_asked_for_before_the_request_is_looked_at(client: httpx.Client) -> None:
    assert client.post("/events/orders", content=b"{").status_code == 401
    assert client.get("/events/orders?limit=none").status_code == 401
    assert client.get("/nowhere").status_code == 404


def test_every_operation_demands_what_the_served_document_says(client: httpx.Client) -> None:
    document: dict[str, Any] = client.get("/openapi.json").json()
    demanding = set()
    for path, method, content in operations(document):
        target = path.format(eventType="order.shipped", version="1.0.0") if "{" in path else path
        status = client.request(method, target).status_code
        assert (status == 401) == (bool(content["security"]) and {} not in content["security"]), path
        demanding |= {content["operationId"]} if status == 401 else set()

    assert demanding >= {"streamOrderEvents", "publishOrderEvents", "getMetrics"}


def test_tokens_that_are_not_accepted_are_counted_by_reason(client: httpx.Client) -> None:
    def refused(reason: str) -> float:
        text = client.get("/metrics", headers=[bearer(token())]).text
        samples = [each for family in text_string_to_metric_families(text) for each in family.samples]
        found = [each.value for each in samples if each.labels.get("reason") == reason]
        return found[0] if found else 0.0

    before = refused("issuer")
    answered(client, [bearer(token(iss="https://evil.example"))])
    assert refused("issuer") == before + 1


def test_a_key_that_is_taken_back_ends_its_streams_and_no_others(tmp_path: Path) -> None:
    old, new = (ECKey.generate_key("P-256", {"kid": kid}) for kid in ("old", "new"))
    file = tmp_path / "jwks.json"
    settings = ("--jwks", str(file), "--algorithm", "ES256", "--issuer", ISSUER, "--public-url", AUDIENCE)
    file.write_text(json.dumps({"keys": [old.as_dict(private=False), new.as_dict(private=False)]}))
    with ServerProcess("--store", "memory:", *QUICK, *settings) as server, httpx.Client(timeout=60) as client:
        url = f"{server.url}/events/orders"
        with (
            client.stream("GET", url, headers=[bearer(token(key=old))]) as of_old,
            client.stream("GET", url, headers=[bearer(token(key=new))]) as of_new,
        ):
            assert of_old.status_code == of_new.status_code == 200
            file.write_text(json.dumps({"keys": [new.as_dict(private=False)]}))
            assert '{"reason":"token_expired"}' in of_old.read().decode()
            assert client.get(url, headers=[bearer(token(key=old))]).status_code == 401
            lines = of_new.iter_lines()
            assert client.post(url, json=EVENT, headers=[bearer(token(key=new))]).status_code == 201
            assert next(line for line in lines if line.startswith("event: order")) == "event: order.shipped"
