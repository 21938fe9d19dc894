"""A server that needs access tokens: good ones violate nothing, and every fault is found by the check of tokens that it is about."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, NamedTuple

import httpx
import pytest

from app.check.findings import Outcome, Report
from app.check.run import run
from app.check.target.target import Options
from tests.check.broken_server import BrokenServer, Fault, Head, Received, serving
from tests.check.faults import EVENTS, answers, publishes, status_is, without_headers
from tests.check.planted import OF_HTTP, OF_SOCKETS
from tests.check.test_planted_faults import violated
from tests.support.server_process import ServerProcess
from tests.support.tokens import token, token_settings

NAMES: Final = ("bad-token", "open-operation", "restricted-token", "session-cookie", "end-of-log", "opening")
OWN: Final = {"orders_events": {"eventTypes": ["order.shipped"]}}


class Protected(NamedTuple):
    """A broken server in front of one that needs tokens, and its URL."""

    broken: BrokenServer
    url: str


@pytest.fixture(scope="module")
def protected(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Protected]:
    settings = token_settings(tmp_path_factory.mktemp("keys"))
    quick = ("--store", "memory:", "--source", "none", "--heartbeat-seconds", "0.3")
    with ServerProcess(*quick, *settings) as good:
        when = "2024-05-01T10:00:00Z"
        events = [
            {"eventType": type, "data": {"orderId": f"or_{number}", "when": when}}
            for number in range(4)
            for type in ("order.shipped", "order.cancelled")
        ]
        headers = {"Authorization": f"Bearer {token()}"}
        httpx.post(f"{good.url}{EVENTS}", json=events, headers=headers, trust_env=False, timeout=60).raise_for_status()
        broken = BrokenServer(good.url)
        with serving(broken) as url:
            yield Protected(broken, url)


def with_good_token(asked: Received) -> Received:
    return replace(asked, headers={**asked.headers, "authorization": f"Bearer {token()}"})


def is_forged(asked: Received) -> bool:
    return "ImNoZWNrLWZvcmdlZC" in asked.headers.get("authorization", "") or asked.headers.get(
        "authorization", ""
    ).endswith(".")


def cookie(asked: Received) -> bool:
    return "cookie" in asked.headers


def of_own_page(asked: Received) -> Received:
    kept = {name: value for name, value in asked.headers.items() if name not in ("origin", "sec-fetch-site")}
    return replace(asked, headers=kept)


def for_scripts(given: Head) -> Head:
    return replace(given, headers={name: value.replace("HttpOnly; ", "") for name, value in given.headers.items()})


def is_cancellation(asked: Received) -> bool:
    return publishes(asked) and b"order.cancelled" in asked.body


def telling(asked: Received, given: Head) -> Head:
    """Say in a 401 whether there was a token."""
    detail = "expired" if asked.headers.get("authorization") else "missing"
    return replace(given, body=json.dumps({**json.loads(given.body), "detail": detail}).encode())


# Faults, each with the claims of the token of the check and the check that must find it.
PLANTED: Final[Mapping[str, tuple[Callable[[], Fault], Mapping[str, Any], str]]] = {
    "a 401 does not ask for a token": (
        lambda: answers(without_headers("www-authenticate"), status_is(401)),
        {},
        "bad-token",
    ),
    "a 401 says what is wrong": (
        lambda: Fault(gives=lambda asked, given: telling(asked, given) if given.status == 401 else given),
        {},
        "bad-token",
    ),
    "a token without a signature is good": (
        lambda: Fault(asks=lambda asked: with_good_token(asked) if is_forged(asked) else asked),
        {},
        "bad-token",
    ),
    "everybody may publish": (
        lambda: Fault(asks=lambda asked: with_good_token(asked) if publishes(asked) and not cookie(asked) else asked),
        {},
        "bad-token",
    ),
    "a cookie publishes": (
        lambda: Fault(asks=lambda asked: with_good_token(asked) if publishes(asked) and cookie(asked) else asked),
        {},
        "session-cookie",
    ),
    "scripts can read the cookie": (
        lambda: answers(for_scripts, lambda asked, _: asked.path == "/session" and asked.method == "POST"),
        {},
        "session-cookie",
    ),
    "a foreign page reads with the cookie": (
        lambda: Fault(asks=lambda asked: of_own_page(asked) if cookie(asked) else asked),
        {},
        "session-cookie",
    ),
    "the documents need a token": (
        lambda: Fault(
            gives=lambda asked, given: (
                replace(given, status=401)
                if asked.path == "/event-types" and "authorization" not in asked.headers
                else given
            )
        ),
        {},
        "open-operation",
    ),
    "a restricted token publishes everything": (
        lambda: Fault(asks=lambda asked: with_good_token(asked) if is_cancellation(asked) else asked),
        OWN,
        "restricted-token",
    ),
    "a restricted token sees everything": (
        lambda: Fault(
            asks=lambda asked: (
                with_good_token(asked) if asked.all("from") == ["earliest"] and not asked.has("orderId") else asked
            )
        ),
        OWN,
        "restricted-token",
    ),
}


def check(protected: Protected, claims: Mapping[str, Any], names: Sequence[str] = NAMES) -> Report:
    options = Options(quick=True, publish=True, timeout_seconds=10, token=token(**claims))
    return run(protected.url, options, names)


@pytest.mark.parametrize("claims", [{}, OWN])
def test_good_token_violates_nothing(protected: Protected, claims: Mapping[str, Any]) -> None:
    protected.broken.fault = Fault()
    report = check(protected, claims, (*OF_HTTP, *OF_SOCKETS))
    assert violated(report) == {}
    assert [result.name for result in report.results if result.outcome is Outcome.UNCHECKED] == []


@pytest.mark.parametrize("name", PLANTED)
def test_fault_of_tokens_is_found_by_its_own_check_and_no_other(protected: Protected, name: str) -> None:
    fault, claims, found_by = PLANTED[name]
    protected.broken.fault = fault()
    report = check(protected, claims)
    assert list(violated(report)) == [found_by], violated(report)
