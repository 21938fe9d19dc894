"""The page about gRPC: its commands work word by word, and it names every field, item and status."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import httpx
import pytest

from app.specification.contracts import load_contracts
from app.specification.document import load_document
from tests.pages.contract import ROOT, page
from tests.support.programs import unavailable
from tests.support.server_process import QUICK, ServerProcess
from tests.support.subscribers import read_stored

COMMANDS = [block.text.strip() for block in page("docs/grpc").all("pre", data_language="sh")]
METHODS = {"Subscribe", "Publish", "PublishStream", "Check"}


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    if find_spec("grpc") is None:
        unavailable("grpcio is not installed.")
    with ServerProcess("--store", "memory:", "--grpc-port", "0", *QUICK) as running:
        yield running


def called(server: ServerProcess, method: str) -> str:
    """Run the command that calls a method, as the page shows it, and return what it prints."""
    (command,) = [each for each in COMMANDS if each.endswith(f"/{method}")]
    _, *arguments = shlex.split(command.replace("127.0.0.1:50051", server.grpc_address))
    ran = subprocess.run(
        [str(Path(sys.executable).parent / "buf"), *arguments], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_every_method_has_a_command() -> None:
    assert {each.rpartition("/")[2] for each in COMMANDS if each.startswith("buf ")} == METHODS


def test_commands_publish_and_read(server: ServerProcess) -> None:
    assert '"id": "' in called(server, "Publish")
    acknowledged = called(server, "PublishStream")
    assert acknowledged.index('"request": "1"') < acknowledged.index('"request": "2"')
    orders = [frame.json()["orderId"] for frame in read_stored(server.events_url)]
    assert orders == ["or_12345", "or_12345", "or_12345"]
    read = called(server, "Subscribe")
    assert re.findall(r'"orderId": "(\w+)"', read) == orders
    assert '"reason": "end"' in read


def test_command_shows_the_health(server: ServerProcess) -> None:
    assert '"status": "SERVING"' in called(server, "Check")


def test_served_proto_is_the_one_that_the_page_names(server: ServerProcess) -> None:
    assert "/orders-events.proto" in page("docs/grpc").text
    assert "service OrderEvents" in httpx.get(f"{server.url}/orders-events.proto", trust_env=False).text


def test_every_field_of_a_subscription_and_item_of_a_stream_is_named() -> None:
    messages = load_document(ROOT, load_contracts(ROOT / "contracts")).proto.all_messages()
    code = {each.text for each in page("docs/grpc").all("code")}
    for message in ("SubscribeRequest", "SubscribeResponse"):
        assert {field.name for field in messages[message].fields} <= code


def test_every_status_is_named() -> None:
    if find_spec("grpc") is None:
        unavailable("grpcio is not installed.")
    from app.transports.grpc.statuses import _OF_ERROR  # noqa: PLC0415  # of an optional package

    code = {each.text for each in page("docs/grpc").all("code")}
    assert {answer.code.name for answer in _OF_ERROR.values()} <= code
