"""`serve --dev-token`: a server for development that requires tokens, and prints one."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.cli.command import run
from tests.support.server_process import QUICK, ServerProcess
from tests.transports.http.orders import EVENTS, shipped

PAGE = {"Accept": "application/json"}


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    with ServerProcess("--store", "memory:", "--dev-token", *QUICK) as running:
        yield running


@pytest.fixture(scope="module")
def http(server: ServerProcess) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, timeout=60) as client:
        yield client


def test_printed_token_reads_and_publishes_and_nothing_else_does(server: ServerProcess, http: httpx.Client) -> None:
    assert http.get(EVENTS, headers=PAGE).status_code == 401
    authorization = {"Authorization": f"Bearer {server.printed('ORDERS_EVENTS_TOKEN=(ey.*)')}"}
    assert http.post(EVENTS, headers=authorization, json=shipped()).status_code == 201
    assert len(http.get(f"{EVENTS}?from=earliest", headers={**PAGE, **authorization}).json()["events"]) == 1
    metadata = http.get("/.well-known/oauth-protected-resource").json()
    assert metadata["bearer_methods_supported"] == ["header"]


def test_printed_link_signs_in_once(server: ServerProcess, http: httpx.Client) -> None:
    code = {"Authorization": f"Bearer {server.printed('/#code=(.*)')}"}
    assert http.get(EVENTS, headers={**PAGE, **code}).status_code == 401  # it is not a token
    first = http.post("/session", headers=code)
    assert first.status_code == 204
    cookie = {"Cookie": first.headers["set-cookie"].partition(";")[0]}
    assert http.get(EVENTS, headers={**PAGE, **cookie}).status_code == 200
    assert http.post("/session", headers=code).status_code == 401


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--host", "0.0.0.0"], "--host 0.0.0.0"),  # noqa: S104  # it is refused
        (["--anonymous"], "--anonymous"),
        (["--issuer", "me", "--algorithm", "HS256"], "--issuer, --algorithm"),
    ],
)
def test_it_is_for_this_machine_and_without_other_keys(arguments: list[str], named: str) -> None:
    ran = run("serve", "--dev-token", *arguments)
    assert (ran.code, len(ran.errors)) == (2, 1)
    assert ran.errors[0].startswith("orders-events: --dev-token ")
    assert named in ran.errors[0]
