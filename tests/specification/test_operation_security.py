"""A document whose security would let somebody in by mistake is refused."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from app.access.principal import SCOPES
from app.specification.contracts import load_contracts
from app.specification.document import load_document
from app.specification.errors import InvalidContract
from app.specification.openapi.statements.operation_security import read_security

ROOT = Path(__file__).parents[2]
BUNDLED = load_document(ROOT, load_contracts(ROOT / "contracts")).bundled

Change: TypeAlias = Callable[[dict[str, Any]], object]


def on(path: str, method: str, **members: object) -> Change:
    """Return a change that replaces members of an operation; `scope` stands for `x-required-scope`."""
    named = {"x-required-scope" if name == "scope" else name: value for name, value in members.items()}
    return lambda document: document["paths"][path][method].update(named)


def scheme(name: str, **members: object) -> Change:
    return lambda document: document["components"]["securitySchemes"][name].update(members)


READ, METRICS, SOCKET = "/events/orders", "/metrics", "/events/orders/socket"
BEARER: dict[str, list[str]] = {"bearer": []}
COOKIE: dict[str, list[str]] = {"cookie": []}


def test_operations_of_the_contract_need_scopes_that_tokens_have() -> None:
    security = read_security(BUNDLED)

    assert {"streamOrderEvents", "publishOrderEvents", "openOrderEventsSocket", "getMetrics"} <= security.keys()
    assert {each.scope for each in security.values()} - {None} == SCOPES
    assert [name for name, each in security.items() if each.streams] == ["streamOrderEvents"]
    assert [name for name, each in security.items() if each.may_authenticate_later] == ["openOrderEventsSocket"]
    assert not security["publishOrderEvents"].accepts_cookie


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        pytest.param(on(READ, "post", security=[]), "must not be open to everybody", id="open to all"),
        pytest.param(on(METRICS, "get", security=[]), "must not be open to everybody", id="open metrics"),
        pytest.param(on(READ, "get", security=[BEARER, {}]), "must not have {}", id="a token is optional"),
        pytest.param(on(READ, "post", security=[BEARER, COOKIE]), "only a GET", id="publishing with the cookie"),
        pytest.param(on(READ, "get", security=[COOKIE]), "a list of bearer", id="the cookie alone"),
        pytest.param(
            on(READ, "get", security=[{"bearer": ["orders:read"]}]), "a list of bearer", id="a scope in 3.0.3"
        ),
        pytest.param(on(READ, "get", security=[BEARER | COOKIE]), "a list of bearer", id="both at once"),
        pytest.param(on(READ, "get", security=[BEARER, {"key": []}]), "a list of bearer", id="another scheme"),
        pytest.param(on(READ, "get", scope=None), "no x-required-scope", id="no scope"),
        pytest.param(on(SOCKET, "get", scope="orders:read"), "no x-required-scope", id="a scope too early"),
        pytest.param(scheme("bearer", scheme="basic"), "its scheme must be bearer", id="bearer is Basic"),
        pytest.param(scheme("cookie", **{"in": "query"}), "its in must be cookie", id="a token in the URL"),
        pytest.param(
            lambda document: document["components"]["securitySchemes"].pop("cookie"), "is missing", id="no scheme"
        ),
    ],
)
def test_security_that_is_not_safe_is_refused(change: Change, reason: str) -> None:
    document = deepcopy(BUNDLED)
    change(document)

    with pytest.raises(InvalidContract, match=reason):
        read_security(document)
