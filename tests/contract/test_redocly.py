"""Redocly finds neither errors nor warnings in the served documents, with all of its recommended rules."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from app.specification.contracts import load_contracts
from app.specification.document import OpenApiDocument, load_document
from tests.node_packages.installed import HERE, node_package

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def document() -> OpenApiDocument:
    return load_document(ROOT, load_contracts(ROOT / "contracts"))


def lint(path: Path) -> subprocess.CompletedProcess[str]:
    redocly = node_package("@redocly/cli")
    node = shutil.which("node")
    assert node is not None  # npm was found just before, and npm needs it
    command = [node, str(redocly / "bin" / "cli.js"), "lint", str(path), "--config", str(HERE / "redocly.yaml")]
    quiet = {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true"}
    return subprocess.run(command, capture_output=True, text=True, env={**os.environ, **quiet}, check=False)


@pytest.mark.parametrize("form", ["json", "openapi_3_2", "openapi_clients"])
def test_served_documents_have_neither_errors_nor_warnings(
    document: OpenApiDocument, form: str, tmp_path: Path
) -> None:
    path = tmp_path / "document.json"
    path.write_bytes(getattr(document, form))
    run = lint(path)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "Your API description is valid" in run.stderr + run.stdout
    assert "warning" not in (run.stderr + run.stdout).replace("Deprecation warning: Node.js", "").lower()


def test_a_planted_fault_is_found(document: OpenApiDocument, tmp_path: Path) -> None:
    path = tmp_path / "document.json"
    path.write_bytes(document.json.replace(b'"operationId": "getLiveness"', b'"operationId": "getReadiness"'))
    assert path.read_bytes() != document.json
    run = lint(path)
    assert run.returncode == 1
    assert "operation-operationId-unique" in run.stdout + run.stderr
