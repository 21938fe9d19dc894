"""`--transport` of `publish` and `tail`: the same events go and come over each transport."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.command import run
from tests.support.server_process import QUICK, ServerProcess
from tests.transports.grpc.conftest import GRPC_IS_INSTALLED

TRANSPORTS = [("http", "sse"), ("websocket", "websocket"), *([("grpc", "grpc")] if GRPC_IS_INSTALLED else [])]
FINITE = ("--from", "earliest", "--no-follow")


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    port = ("--grpc-port", "0") if GRPC_IS_INSTALLED else ()
    with ServerProcess("--store", "memory:", *port, *QUICK) as running:
        yield running


@pytest.mark.parametrize(("sent", "read"), TRANSPORTS)
def test_file_that_is_published_over_a_transport_is_printed_from_it(
    server: ServerProcess, tmp_path: Path, sent: str, read: str
) -> None:
    orders = [f"{sent}-{number}" for number in range(3)]
    lines = [
        {"eventType": "order.shipped", "data": {"orderId": each, "when": "2024-05-01T10:00:00Z"}} for each in orders
    ]
    lines.insert(1, {"eventType": "order.shipped", "data": {"orderId": "not valid", "when": "2024-05-01T10:00:00Z"}})
    file = tmp_path / "orders.ndjson"
    file.write_text("".join(f"{json.dumps(each)}\n" for each in lines))
    url = f"grpc://{server.grpc_address}" if sent == "grpc" else server.url
    published = run("publish", str(file), "--url", url, "--transport", sent)
    assert published.code == 1
    assert "3 published, 0 duplicates, 1 refused." in " ".join(published.errors)
    assert "line 2: /data/orderId must match" in " ".join(published.errors)
    tailed = run("tail", "--url", url, "--transport", read, *FINITE)
    assert tailed.code == 0
    assert tailed.out == run("tail", "--url", server.url, *FINITE).out
    assert [json.loads(line)["data"]["orderId"] for line in tailed.out.splitlines()][-3:] == orders


def test_url_of_another_transport_is_wrong_usage() -> None:
    over_http = run("tail", "--url", "http://127.0.0.1:1", "--transport", "grpc")
    assert over_http.code == 2
    assert "'http://127.0.0.1:1' is not a URL such as grpc://127.0.0.1:50051." in " ".join(over_http.errors)
    over_grpc = run("tail", "--url", "grpc://127.0.0.1:1")
    assert over_grpc.code == 2
    assert "'grpc://127.0.0.1:1' is not a URL such as http://127.0.0.1:8000." in " ".join(over_grpc.errors)
