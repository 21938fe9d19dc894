"""A server in another language, which shares nothing with ours but the contract, keeps every promise that it makes."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.check.findings import Outcome
from app.check.run import run
from app.check.target.target import Options
from tests.check.planted import OF_HTTP
from tests.support.programs import needed
from tests.support.server_process import ServerProcess

PROGRAM = Path(__file__).parent / "foreign" / "server.js"
PATHS = (
    "/events/orders",
    "/events/orders/page",
    "/events/orders/counts",
    "/openapi.json",
    "/health/live",
    "/health/ready",
)
# Without derived documents and metrics, and uncompressed, the foreign server does not show these.
NOT_SHOWN = {"compression", "compression-open", "derived-documents", "metrics"}


@pytest.fixture(scope="module")
def contract(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The contract for the foreign server, as our own publishes it: a file with the document and the schemas."""
    with ServerProcess("--store", "memory:", "--source", "none") as server, httpx.Client(base_url=server.url) as http:
        document: dict[str, Any] = http.get("/openapi.json").json()
        listed = http.get("/event-types").json()["eventTypes"]
        addresses = [version["schema"] for each in listed for version in each["versions"]]
        schemas = {address: http.get(address).json() for address in addresses}
    kept = {path: item for path, item in document["paths"].items() if path in PATHS or path.startswith("/event-types")}
    promises = {**document["x-promises"], "heartbeatSeconds": 1}
    file = tmp_path_factory.mktemp("foreign") / "contract.json"
    document = {**document, "paths": kept, "x-promises": promises}
    file.write_text(json.dumps({"document": document, "eventTypes": listed, "schemas": schemas}))
    return file


@pytest.fixture
def foreign_url(contract: Path) -> Iterator[str]:
    with subprocess.Popen([needed("node"), str(PROGRAM), str(contract)], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        yield server.stdout.readline().strip()
        server.terminate()


def test_foreign_server_keeps_every_promise(foreign_url: str) -> None:
    report = run(foreign_url, Options(publish=True), OF_HTTP)
    others = {each.name: (each.outcome, each.findings or each.reason) for each in report.results}
    shown = {name: each for name, each in others.items() if each[0] not in (Outcome.HELD, Outcome.SKIPPED)}
    assert shown.keys() == NOT_SHOWN, "\n".join(f"{name}: {each}" for name, each in shown.items())
