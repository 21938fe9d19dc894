"""A second major version of an event type: files and text, and no Python."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from click.testing import CliRunner

from app.cli import main
from tests.support.contract_copy import ContractCopy
from tests.support.order_shipped_2 import LEAST, LEAST_SEEN, MOST_SEEN, VERSION, add_order_shipped_2
from tests.support.server_process import ServerProcess
from tests.transports.http.orders import EVENTS


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> ContractCopy:
    copy = ContractCopy(tmp_path_factory.mktemp("major") / "contract")
    add_order_shipped_2(copy)
    copy.move_to_next_minor()
    return copy


@pytest.fixture(scope="module")
def http(copy: ContractCopy) -> Iterator[httpx.Client]:
    arguments = ("--store", "memory:", "--contract", str(copy.root))
    with ServerProcess(*arguments) as server, httpx.Client(base_url=server.url, timeout=30) as client:
        yield client


def test_the_gate_accepts_the_new_major(copy: ContractCopy) -> None:
    result = CliRunner().invoke(main, ["contracts", "--number", "--contract", str(copy.root)])
    assert result.exit_code == 0, result.output
    assert not list(copy.root.rglob("*.py"))


def test_events_of_both_majors_are_published_in_the_version_that_they_name(http: httpx.Client) -> None:
    versions = {"1.0.0": LEAST_SEEN, "1.2.0": MOST_SEEN, VERSION: LEAST, None: LEAST_SEEN}
    events = [
        {"eventType": "order.shipped", "data": data, **({"schemaVersion": version} if version else {})}
        for version, data in versions.items()
    ]
    answer = http.post(EVENTS, json=events)
    assert [each["schemaVersion"] for each in answer.json()["events"]] == ["1.0.0", "1.2.0", VERSION, "1.2.0"]
    refused = http.post(EVENTS, json={**events[0], "schemaVersion": VERSION})
    assert refused.status_code == 422


def test_discovery_has_the_schemas_of_both_majors(http: httpx.Client) -> None:
    listed = {each["eventType"]: each["versions"] for each in http.get("/event-types").json()["eventTypes"]}
    assert [each["version"] for each in listed["order.shipped"]] == ["1.0.0", "1.1.0", "1.2.0", VERSION]
    assert "shippedAt" in http.get(f"/event-types/order.shipped/{VERSION}").json()["properties"]


def test_a_check_of_the_deployment_holds(http: httpx.Client) -> None:
    """Programs that read the older major find every promise kept that was made to them."""
    result = CliRunner().invoke(main, ["check", str(http.base_url), "--quick", "--publish"])
    assert result.exit_code == 0, result.output
