"""The documents of a server at a public URL, or with lower limits, say so in every form."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from app.specification.contracts import load_contracts
from app.specification.document import OpenApiDocument, load_document
from app.specification.errors import InvalidContract
from app.specification.openapi.deployment import DEFAULT_URL, Deployment, as_deployed

ROOT = Path(__file__).parents[2]
CONTRACTS = load_contracts(ROOT / "contracts")
URL = "https://example.com:8443/orders"


def deployed(public_url: str | None = None, max_body_bytes: int | None = None) -> OpenApiDocument:
    return load_document(ROOT, CONTRACTS, (), Deployment(public_url, max_body_bytes))


def test_contract_itself_is_served_by_default() -> None:
    document: dict[str, Any] = {"paths": {}}
    assert as_deployed(document, Deployment()) is document


def test_every_document_names_the_public_url() -> None:
    document = deployed(URL)
    assert document.bundled["servers"] == json.loads(document.openapi_3_2)["servers"]
    assert document.bundled["servers"][0]["url"] == URL
    assert f"curl -N '{URL}/events/orders'" in document.bundled["info"]["description"]
    for text in (document.json, document.yaml, document.openapi_3_2, document.openapi_clients, document.asyncapi):
        assert f"'{DEFAULT_URL}/".encode() not in text
        assert f"{URL}/events/orders".encode() in text


@pytest.mark.parametrize(
    ("url", "servers"),
    [
        (URL, [("https", "example.com:8443", "/orders"), ("wss", "example.com:8443", "/orders")]),
        ("http://[::1]:8000", [("http", "[::1]:8000", None), ("ws", "[::1]:8000", None)]),
    ],
)
def test_asyncapi_has_the_public_url_for_both_protocols(url: str, servers: list[tuple[str, str, str | None]]) -> None:
    found = json.loads(deployed(url).asyncapi)["servers"]
    assert [(each["protocol"], each["host"], each.get("pathname")) for each in found.values()] == servers


@pytest.mark.parametrize(
    ("maximum", "words"), [(1_048_576, "1 MiB"), (100_352, "98 KiB"), (1_000_001, "1,000,001 bytes")]
)
def test_lower_limit_is_read_and_described_everywhere(maximum: int, words: str) -> None:
    document = deployed(max_body_bytes=maximum)
    assert document.max_body_bytes == maximum
    assert document.bundled["paths"]["/events/orders"]["post"]["requestBody"]["x-max-body-bytes"] == maximum
    for text in (document.json, document.openapi_3_2, document.asyncapi):
        assert b"8 MiB" not in text
        assert f"at most 64 KiB, or {words} if it is a `publish`" in text.decode()


def test_limit_above_that_of_the_contract_is_refused() -> None:
    with pytest.raises(
        InvalidContract, match="x-max-body-bytes: the limit of this server, 8388609, is above that of the contract"
    ):
        deployed(max_body_bytes=8_388_609)


def test_contract_is_not_changed() -> None:
    contract = load_document(ROOT, CONTRACTS).bundled
    before = deepcopy(contract)
    as_deployed(contract, Deployment(URL, 65_536))
    assert contract == before
