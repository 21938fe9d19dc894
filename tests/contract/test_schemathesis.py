"""Schemathesis tests the running server by its contract: all operations, with valid and invalid data, streams included."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import httpx
import pytest
import schemathesis
from schemathesis.core.failures import FailureGroup

from tests.contract.schemathesis_hooks import stream_is_resumable
from tests.support.server_process import ServerProcess
from tests.support.threaded import serving
from tests.support.tokens import token, token_settings

HERE = Path(__file__).parent
SECONDS = 300  # before a run that hangs is given up


def run_schemathesis(url: str, document: str, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Schemathesis from the command line on a server; the files of the run stay in `folder`.

    The document is a file, because Schemathesis would skip the operation from which it fetched the document.
    """
    contract = folder / "contract.json"
    contract.write_text(document)
    command = (sys.executable, "-m", "schemathesis.cli", "--config-file", str(HERE / "schemathesis.toml"), "run")
    hooks = {"SCHEMATHESIS_HOOKS": "tests.contract.schemathesis_hooks", "PYTHONPATH": str(HERE.parents[1])}
    return subprocess.run(
        [*command, str(contract), "--url", url, "--no-color", *arguments],
        cwd=folder,
        env={**os.environ, **hooks},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


@pytest.fixture(scope="module", params=["openapi.json", "openapi-3.2.json"])
def document(request: pytest.FixtureRequest) -> str:
    """The contract as the server publishes it, in 3.0.3 and as it is derived in 3.2."""
    with ServerProcess("--store", "memory:") as server:
        return httpx.get(f"{server.url}/{request.param}", timeout=60).text


def test_the_server_keeps_its_contract(document: str, tmp_path: Path) -> None:
    # Events and checkpoints come quickly: Schemathesis reads a few of each stream and goes on.
    busy = ("--source", "simulator:500", "--seed", "1", "--retain-events", "2000", "--heartbeat-seconds", "0.05")
    with ServerProcess("--store", "memory:", *busy) as server:
        run = run_schemathesis(server.url, document, tmp_path)
        assert httpx.get(f"{server.url}/health/ready", timeout=60).status_code == 200

    assert run.returncode == 0, run.stdout
    operations = sum(len(path) for path in json.loads(document)["paths"].values())
    assert re.search(rf"Tested: {operations}\b", run.stdout), run.stdout
    assert "Traceback" not in "".join(server.output)


def test_a_server_with_keys_keeps_its_contract(tmp_path: Path) -> None:
    busy = ("--source", "simulator:500", "--seed", "1", "--retain-events", "2000", "--heartbeat-seconds", "0.05")
    with ServerProcess("--store", "memory:", *busy, *token_settings(tmp_path)) as server:
        served = httpx.get(f"{server.url}/openapi.json", timeout=60).text
        guarded = ("--include-path", "/events/orders", "--include-path", "/metrics", "--max-examples", "4")
        # Not by links: a token is checked for each request alone, and a null there becomes the text of a valid order id.
        phases = ("--phases", "examples,coverage,fuzzing", "--header", f"Authorization: Bearer {token()}")
        run = run_schemathesis(server.url, served, tmp_path, *guarded, *phases)

    assert run.returncode == 0, run.stdout
    assert "Traceback" not in "".join(server.output)


# A server with a planted fault: Schemathesis must find it.

OPENING = "retry: 3000\n:\nid: a-1\nevent: stream.checkpoint\ndata: {}\n\n"
EVENT = 'id: a-2\nevent: order.shipped\ndata: {"orderId":"or_1","when":"2024-05-01T10:00:00Z"}\n\n'
CLOSING = 'event: stream.closing\ndata: {"reason":"end"}\n\n'
GOOD = OPENING + EVENT + CLOSING

PLANTED = {
    "a value of the wrong type": (GOOD.replace('"or_1"', "7"), "violates schema"),
    "a missing member": (GOOD.replace('"orderId":"or_1",', ""), "violates schema"),
    "a time that is none": (GOOD.replace("2024-05-01T10:00:00Z", "yesterday"), "violates schema"),
    "an id of other characters": (GOOD.replace("a-2", "a:2"), "violates schema"),
    "a stream without a reconnection time": (GOOD.replace("retry: 3000\n", ""), "The stream begins with"),
    "data that is no JSON": (GOOD.replace('"or_1"', "or_1"), "violates schema"),
    "an event type that the contract does not have": (GOOD.replace("order.shipped", "order.lost"), "violates schema"),
    "an unknown reason": (GOOD.replace('"end"', '"boredom"'), "violates schema"),
    "an order event without an id": (GOOD.replace("id: a-2\n", ""), "The event has no id"),
    "a first event without an id": (GOOD.replace("id: a-1\n", ""), "The event has no id"),
    "a stream without events": (":\n", "The stream has no event"),
}


@contextmanager
def serving_stream(stream: str) -> Iterator[str]:
    """Serve the same stream to every client; yield the URL."""

    class Fixed(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = stream.encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Cache-Control", "no-store")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with serving(Fixed) as url:
        yield url


def judge(stream: str, document: str) -> None:
    """Let Schemathesis request a stream once, and check it with all of its checks and ours."""
    schema = schemathesis.openapi.from_dict(json.loads(document))
    with serving_stream(stream) as url:
        schema["/events/orders"]["GET"].Case().call_and_validate(base_url=url, additional_checks=[stream_is_resumable])


def test_a_stream_without_fault_passes(document: str) -> None:
    judge(GOOD, document)


@pytest.mark.parametrize(("stream", "finding"), PLANTED.values(), ids=PLANTED)
def test_a_planted_fault_is_found(stream: str, finding: str, document: str) -> None:
    with pytest.raises(FailureGroup) as found:
        judge(stream, document)
    assert finding in "\n".join(str(each) for each in found.value.exceptions)
