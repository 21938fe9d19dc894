"""The document of a major version describes what its clients send and receive, and is a valid document with valid examples."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from app.specification.contracts import Contracts, load_contracts
from app.specification.document import OpenApiDocument, load_document
from app.specification.openapi.bundle import inline
from app.specification.openapi.schemas import check_examples, check_schemas
from app.specification.openapi.validity.openapi_rules import check_structure
from tests.support.contract_copy import ContractCopy
from tests.support.order_shipped_2 import LEAST, SCHEMA, add_order_shipped_2

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def contracts(tmp_path_factory: pytest.TempPathFactory) -> tuple[ContractCopy, Contracts]:
    copy = ContractCopy(tmp_path_factory.mktemp("majors") / "contract")
    add_order_shipped_2(copy)
    return copy, load_contracts(copy.contracts)


@pytest.fixture(scope="module")
def document(contracts: tuple[ContractCopy, Contracts]) -> OpenApiDocument:
    return load_document(contracts[0].root, contracts[1])


@pytest.fixture(scope="module")
def second(document: OpenApiDocument) -> dict[str, Any]:
    of_major: dict[str, Any] = json.loads(document.texts(2).json)
    return of_major


def test_with_one_major_version_there_is_one_document() -> None:
    document = load_document(ROOT, load_contracts(ROOT / "contracts"))
    assert document.texts(1) == document.texts(None)


def test_without_a_pin_the_document_is_that_of_the_oldest_major(document: OpenApiDocument) -> None:
    assert document.texts(1) == document.texts(None)
    assert document.texts(2).json != document.texts(1).json


def test_events_and_frames_have_the_schema_of_the_major(second: dict[str, Any]) -> None:
    schemas = second["components"]["schemas"]
    for name in ("OrderShippedEvent", "OrderShippedFrame"):
        assert schemas[name]["properties"]["data"] == {"$ref": "#/components/schemas/OrderShippedV2"}
    assert schemas["OrderShippedV2"]["properties"].keys() == SCHEMA["properties"].keys()
    assert "OrderShippedV1" not in schemas
    assert schemas["OrderCancelledFrame"]["properties"]["data"] == {"$ref": "#/components/schemas/OrderCancelledV1"}
    assert schemas["OrderShippedEvent"]["properties"]["schemaVersion"]["enum"] == ["2.0.0"]
    assert schemas["OrderCancelledEvent"]["properties"]["schemaVersion"]["enum"] == ["1.0.0", "1.1.0"]


def test_clients_must_send_the_major(second: dict[str, Any]) -> None:
    parameter = second["components"]["parameters"]["majorVersion"]
    assert (parameter["required"], parameter["example"]) == (True, 2)
    assert second["components"]["schemas"]["MajorVersion"]["enum"] == [2]
    assert "majorVersion" in second["components"]["schemas"]["SubscribeMessage"]["required"]


def test_it_is_a_valid_document_and_its_examples_are_valid(second: dict[str, Any]) -> None:
    check_structure(second)
    inlined = inline(second)
    check_schemas(inlined)
    check_examples(inlined)
    stream = second["paths"]["/events/orders"]["get"]["responses"]["200"]["content"]["text/event-stream"]
    assert stream["examples"]["orderShipped"]["value"]["data"].keys() == LEAST.keys()


def test_the_derived_documents_are_those_of_the_major(document: OpenApiDocument) -> None:
    texts = document.texts(2)
    for text in texts:
        assert b"shippedAt" in text
        assert b"OrderShippedV1:" not in text.replace(b'": ', b":")
    assert json.loads(texts.openapi_3_2)["openapi"] == "3.2.0"


def test_the_document_for_all_is_not_changed_by_it(document: OpenApiDocument) -> None:
    assert json.loads(document.json) == document.bundled
    assert document.bundled["components"]["schemas"]["MajorVersion"]["enum"] == [1, 2]
