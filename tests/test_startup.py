"""A server that must not start says why in one line, with an exit code and without a traceback."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.contract_copy import ContractCopy
from tests.support.server_process import ServerProcess

SECONDS = 60  # until a test fails; a start takes about one


def refusal(*arguments: str, **variables: str) -> str:
    """Start a server that must refuse to start; return the line that it prints."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ORDERS_EVENTS_")}
    ended = subprocess.run(
        [sys.executable, "-m", "app", "serve", "--port", "0", *arguments],
        env={**environment, **variables},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert ended.returncode in {1, 2}, ended.stderr
    assert ended.stdout == ""
    (line,) = ended.stderr.splitlines()
    assert 20 < len(line) < 500
    return line


# The contract


def syntax_error(copy: ContractCopy) -> None:
    copy.document.write_text("openapi: [3.0.3\n")


def not_openapi(copy: ContractCopy) -> None:
    copy.replace(r"^paths:$", "routes:")


def no_document(copy: ContractCopy) -> None:
    copy.document.unlink()


def duplicate_operation(copy: ContractCopy) -> None:
    copy.replace("operationId: getLiveness", "operationId: getReadiness")


def operation_without_handler(copy: ContractCopy) -> None:
    copy.replace("operationId: getLiveness", "operationId: getPulse")


def operation_without_security(copy: ContractCopy) -> None:
    copy.replace(r"(operationId: getLiveness\n(?:.*\n)+?)      security: \[\]\n", r"\1")


def no_schema(copy: ContractCopy) -> None:
    (copy.contracts / "order.shipped" / "1.0.0" / "schema.json").unlink()


def schema_with_a_wrong_keyword(copy: ContractCopy) -> None:
    path = copy.contracts / "order.shipped" / "1.0.0" / "schema.json"
    schema = json.loads(path.read_text())
    schema["properties"]["orderId"]["type"] = "strin"
    path.write_text(json.dumps(schema))


def valid_example_that_is_not(copy: ContractCopy) -> None:
    examples = copy.contracts / "order.shipped" / "1.0.0" / "examples"
    (examples / "invalid-empty.json").rename(examples / "valid-empty.json")


def invalid_example_that_is_not(copy: ContractCopy) -> None:
    examples = copy.contracts / "order.shipped" / "1.0.0" / "examples"
    (examples / "valid-utc.json").rename(examples / "invalid-utc.json")


REFUSED: list[tuple[Callable[[ContractCopy], None], str]] = [
    (syntax_error, "orders-events.yaml"),
    (not_openapi, "orders-events.yaml"),
    (no_document, "orders-events.yaml"),
    (duplicate_operation, "getReadiness"),
    (operation_without_handler, "getPulse"),
    (operation_without_security, "security"),
    (no_schema, "order.shipped/1.0.0"),
    (schema_with_a_wrong_keyword, "order.shipped/1.0.0"),
    (valid_example_that_is_not, "valid-empty.json"),
    (invalid_example_that_is_not, "invalid-utc.json"),
]


@pytest.mark.parametrize(("spoil", "named"), REFUSED, ids=lambda value: getattr(value, "__name__", ""))
def test_a_contract_that_is_wrong_is_not_served(
    tmp_path: Path, spoil: Callable[[ContractCopy], None], named: str
) -> None:
    copy = ContractCopy(tmp_path / "contract")
    spoil(copy)
    assert named in refusal("--store", "memory:", "--contract", str(copy.root))


def test_a_copy_that_is_not_changed_is_served(tmp_path: Path) -> None:
    with ServerProcess("--store", "memory:", "--contract", str(ContractCopy(tmp_path / "contract").root)) as server:
        assert server.terminate() == 0


# The settings


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("--nonsense", "1"), "--nonsense"),
        (("--heartbeat-seconds", "0"), "--heartbeat-seconds"),
        (("--store", "redis:"), "--store"),
        (("--contract", "/nowhere/to/be/found"), "/nowhere/to/be/found"),
        (("nonsense",), "nonsense"),
    ],
)
def test_an_unknown_setting_or_a_bad_value_is_refused(arguments: tuple[str, ...], named: str) -> None:
    assert named in refusal("--store", "memory:", *arguments)


@pytest.mark.parametrize(("name", "value"), [("ORDERS_EVENTS_NONSENSE", "1"), ("ORDERS_EVENTS_RETAIN_EVENTS", "-1")])
def test_an_unknown_variable_or_a_bad_value_is_refused(name: str, value: str) -> None:
    assert name in refusal("--store", "memory:", **{name: value})


def test_a_folder_that_is_no_contract_is_refused_with_the_command_that_writes_one(tmp_path: Path) -> None:
    line = refusal("--store", "memory:", "--contract", str(tmp_path))
    assert f"'{tmp_path}' is no contract: it has no openapi/ and no contracts/. `orders-events init DIR`" in line


# Its time


def test_a_start_imports_nothing_that_it_does_not_need() -> None:
    program = "import sys, app.cli.serve_command, app.main; print(*sys.modules)"
    modules = set(subprocess.check_output([sys.executable, "-c", program], text=True, timeout=SECONDS).split())
    assert {"app.service", "connexion"} < modules
    unneeded = {"app.client", "cryptography", "grpc", "joserfc", "nats", "openapi_spec_validator", "opentelemetry"}
    assert unneeded & modules == set()


# The machine


def test_a_port_in_use_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert port in refusal("--store", "memory:", "--port", port)


def test_a_store_in_use_is_refused(tmp_path: Path) -> None:
    log = tmp_path / "log.db"
    with ServerProcess("--store", f"sqlite:{log}"):
        line = refusal("--store", f"sqlite:{log}")
        assert f"'{log}' is in use by another process, such as a server; end it, or name another store." in line


def a_folder(path: Path) -> None:
    path.mkdir()


def another_file(path: Path) -> None:
    path.write_text("This is no database, but a sentence that is long enough to be one. " * 20)


def in_no_folder(path: Path) -> None:
    path.parent.rmdir()


def in_a_file(path: Path) -> None:
    path.parent.rmdir()
    path.parent.write_text("a file")


@pytest.mark.parametrize("prepare", [a_folder, another_file, in_no_folder, in_a_file])
def test_a_log_that_cannot_be_opened_is_refused(tmp_path: Path, prepare: Callable[[Path], None]) -> None:
    path = tmp_path / "folder" / "log.db"
    path.parent.mkdir()
    prepare(path)
    assert str(path) in refusal("--store", f"sqlite:{path}")


def test_a_replay_of_a_missing_file_is_refused() -> None:
    assert "nowhere.ndjson" in refusal("--store", "memory:", "--source", "replay:nowhere.ndjson")
