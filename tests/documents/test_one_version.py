"""One version: the package, the contract, the clients and the changelog agree, and the program reports it."""

from __future__ import annotations

import json
import re
import tarfile
from collections.abc import Iterator
from importlib.metadata import version
from io import BytesIO
from itertools import pairwise
from pathlib import Path

import httpx
import pytest
import yaml

from tests.support.server_process import ServerProcess

ROOT = Path(__file__).parents[2]
DOCUMENT_VERSION = yaml.safe_load((ROOT / "openapi" / "orders-events.yaml").read_text())["info"]["version"]
RELEASES = re.findall(r"^## \[(\S+)\] - (\d{4}-\d\d-\d\d)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)


def parts(text: str) -> list[int]:
    return [int(part) for part in text.split(".")]


def test_package_has_the_version_of_the_contract() -> None:
    assert version("orders-events") == DOCUMENT_VERSION, "run make: the package was installed with another document"


def test_changelog_begins_with_this_version() -> None:
    assert RELEASES[0][0] == DOCUMENT_VERSION


def test_changelog_has_its_releases_in_order() -> None:
    headings = re.findall(r"^## .*$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert len(headings) == len(RELEASES) >= 2
    for (newer, newer_date), (older, older_date) in pairwise(RELEASES):
        assert parts(newer) > parts(older)
        assert newer_date >= older_date


def test_recorded_contract_is_one_of_a_release() -> None:
    released = json.loads((ROOT / "openapi" / "released.json").read_text())["info"]["version"]
    assert released in dict(RELEASES)


@pytest.fixture(scope="module")
def http(server: ServerProcess) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, trust_env=False, timeout=60, follow_redirects=True) as client:
        yield client


def test_server_reports_this_version(http: httpx.Client) -> None:
    assert http.get("/openapi.json").json()["info"]["version"] == DOCUMENT_VERSION
    assert f'orders_events_build_info{{version="{DOCUMENT_VERSION}"}} 1.0' in http.get("/metrics").text


def test_python_client_has_this_version(http: httpx.Client) -> None:
    assert f"orders_events_client-{DOCUMENT_VERSION}-" in str(http.get("/client.whl").url)


def test_browser_client_has_this_version(http: httpx.Client) -> None:
    with tarfile.open(fileobj=BytesIO(http.get("/client.tgz").content)) as package:
        described = package.extractfile("package/package.json")
        assert described is not None
        assert json.load(described)["version"] == DOCUMENT_VERSION
