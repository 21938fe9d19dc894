"""The documents that a server serves for each major version, and the types that the command line prints for it."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
import yaml
from click.testing import CliRunner

from app.cli import main
from app.compatibility import release
from tests.support.contract_copy import ContractCopy
from tests.support.order_shipped_2 import add_order_shipped_2
from tests.support.server_process import ServerProcess

DOCUMENTS = ("/openapi.json", "/openapi.yaml", "/openapi-3.2.json", "/openapi-clients.json", "/asyncapi.json")


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> ContractCopy:
    copy = ContractCopy(tmp_path_factory.mktemp("majors") / "contract")
    add_order_shipped_2(copy)
    return copy


@pytest.fixture(scope="module")
def http(copy: ContractCopy) -> Iterator[httpx.Client]:
    with (
        ServerProcess("--store", "memory:", "--contract", str(copy.root)) as server,
        httpx.Client(base_url=server.url, timeout=30) as client,
    ):
        yield client


def test_each_document_is_served_for_each_major(http: httpx.Client) -> None:
    for path in DOCUMENTS:
        texts = [http.get(path, params=query).raise_for_status().text for query in ({}, {"majorVersion": "1"})]
        second = http.get(path, params={"majorVersion": "2"}).raise_for_status()
        assert texts[0] == texts[1] != second.text
        document = yaml.safe_load(second.text)
        assert "shippedAt" in second.text
        assert "OrderShippedV1" not in document["components"]["schemas"]


def test_the_document_of_a_major_that_does_not_exist_is_refused(http: httpx.Client) -> None:
    refused = http.get("/openapi.json", params={"majorVersion": "3"})
    assert refused.status_code == 400
    assert refused.json()["errors"][0]["name"] == "majorVersion"


def test_the_docs_show_both_majors_side_by_side(http: httpx.Client) -> None:
    page = http.get("/docs/events").text
    assert "What clients with majorVersion=1 get" in page
    assert page.count("shippedAt") > 2


def test_types_are_those_of_the_major_that_a_program_asks_for(copy: ContractCopy) -> None:
    copy.replace(r"^  version: (\d+)\.(\d+)\.\d+$", r"  version: \1.99.0")
    arguments = ["types", "--contract", str(copy.root)]
    number = CliRunner().invoke(main, ["contracts", "--number", "--contract", str(copy.root)])
    assert release(copy.root).findings == (), number.output
    printed = [
        CliRunner().invoke(main, [*arguments, *more]).output for more in ([], ["--major", "1"], ["--major", "2"])
    ]
    assert printed[0] == printed[1]
    assert "shippedAt" not in printed[0]
    assert "shippedAt" in printed[2]
    unknown = CliRunner().invoke(main, [*arguments, "--major", "9"])
    assert (unknown.exit_code, unknown.stdout) == (1, "")
    assert unknown.stderr == "orders-events: No event type has the major version 9. There are: 1, 2.\n"
