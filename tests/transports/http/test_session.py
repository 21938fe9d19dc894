"""The session of a web page: its cookie, which requests it is good for, and who issues the tokens."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from http.cookies import SimpleCookie
from itertools import count

import httpx
import pytest

from tests.support.server_process import QUICK, ServerProcess
from tests.support.tokens import AUDIENCE, ISSUER, token, token_settings
from tests.transports.http.orders import EVENTS

COOKIE = "__Host-orders_events_token"
# The server accepts it, and browsers would not store it: name and value have more than 4,096 bytes.
LONG_TOKEN = next(each for each in (token(pad="x" * length) for length in count(2600)) if len(each) > 4072)
PAGE = {"Accept": "application/json"}


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A client of a server with keys."""
    settings = token_settings(tmp_path_factory.mktemp("keys"))
    with (
        ServerProcess("--store", "memory:", *QUICK, *settings) as server,
        httpx.Client(base_url=server.url, timeout=60) as http,
    ):
        yield http


def bearer(text: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {text}"}


def with_cookie(**headers: str) -> dict[str, str]:
    return {
        **PAGE,
        "Cookie": f"{COOKIE}={token()}",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }


def test_token_becomes_a_cookie_that_outlasts_it_by_ten_minutes(secured: httpx.Client) -> None:
    sent = token(exp=int(time.time()) + 300)
    answer = secured.post("/session", headers=bearer(sent))
    assert (answer.status_code, answer.content, answer.headers["cache-control"]) == (204, b"", "no-store")
    (name, morsel) = next(iter(SimpleCookie(answer.headers["set-cookie"]).items()))
    assert (name, morsel.value) == (COOKIE, sent)
    assert 890 <= int(morsel["max-age"]) <= 900
    assert (morsel["path"], morsel["secure"], morsel["httponly"], morsel["samesite"]) == ("/", True, True, "Strict")
    assert morsel["domain"] == ""
    secured.cookies.clear()
    assert secured.get(EVENTS, headers={**PAGE, "Cookie": f"{name}={sent}"}).status_code == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        (bearer("x"), 401),
        ({"Cookie": f"{COOKIE}={token()}"}, 401),
        (bearer(token(exp=int(time.time()) - 60)), 401),
        (bearer(token(scope="orders:publish")), 403),
        (bearer(LONG_TOKEN), 403),
    ],
    ids=["none", "bad", "cookie", "expired", "scope", "too long for a cookie"],
)
def test_session_needs_a_token_in_the_header(secured: httpx.Client, headers: dict[str, str], status: int) -> None:
    answer = secured.post("/session", headers=headers)
    assert answer.status_code == status
    assert "set-cookie" not in answer.headers


def test_session_ends_without_a_token(secured: httpx.Client) -> None:
    answer = secured.delete("/session")
    assert answer.status_code == 204
    assert re.match(f"{COOKIE}=; Max-Age=0; Path=/; Secure; ", answer.headers["set-cookie"])


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {
            "Sec_Fetch_Site": "same-origin",
            "Origin": "https://shop.example",
        },  # a page cannot change the first, but a proxy the other
        {"Sec_Fetch_Site": "none"},
        {"Origin": AUDIENCE},
        {"Origin": "http://127.0.0.1", "Host": "127.0.0.1"},
    ],
)
def test_own_page_reads_with_the_cookie(secured: httpx.Client, headers: dict[str, str]) -> None:
    assert secured.get(EVENTS, headers=with_cookie(**headers)).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Sec_Fetch_Site": "same-origin, cross-site"},
        {"Origin": "https://shop.example"},
        {"Origin": "null"},
        {"Origin": f"{AUDIENCE}.evil.example"},
    ],
)
def test_page_of_another_origin_does_not_read_with_the_cookie(secured: httpx.Client, headers: dict[str, str]) -> None:
    answer = secured.get(EVENTS, headers=with_cookie(**headers))
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/forbidden")
    assert secured.get(EVENTS, headers={**with_cookie(**headers), **bearer(token())}).status_code == 200


def test_cookie_does_not_publish(secured: httpx.Client) -> None:
    assert secured.post(EVENTS, headers=with_cookie(), json=[]).status_code == 401


def test_metadata_name_the_issuer_and_the_scopes(secured: httpx.Client) -> None:
    assert secured.get("/.well-known/oauth-protected-resource").json() == {
        "resource": AUDIENCE,
        "authorization_servers": [ISSUER],
        "scopes_supported": ["orders:observe", "orders:publish", "orders:read"],
        "bearer_methods_supported": ["header"],
    }


def test_server_without_keys_has_no_sessions(http: httpx.Client) -> None:
    answer = http.post("/session", headers=bearer("x"))
    assert (answer.status_code, "set-cookie" in answer.headers) == (204, False)
    metadata = http.get("/.well-known/oauth-protected-resource").json()
    assert metadata == {"resource": str(http.base_url).rstrip("/"), "bearer_methods_supported": []}
