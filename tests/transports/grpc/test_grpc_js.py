"""Node's gRPC library publishes and reads with nothing but the `.proto` that the server offers."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import grpc
import httpx

from tests.node_packages.installed import node_package
from tests.support.programs import needed
from tests.support.server_process import QUICK, ServerProcess
from tests.support.subscribers import read_stored
from tests.transports.http.orders import new_order

SCRIPT = Path(__file__).parent / "follow_grpc.cjs"
WHEN = "2024-05-01T10:00:00Z"


def test_it_publishes_and_follows_until_the_server_stops(tmp_path: Path) -> None:
    packages, node, order = node_package("@grpc/grpc-js").parents[2], needed("node"), new_order()
    proto = tmp_path / "orders-events.proto"
    with ServerProcess("--store", "memory:", "--grpc-port", "0", *QUICK) as server:
        proto.write_bytes(httpx.get(f"{server.url}/orders-events.proto", trust_env=False).content)
        command = [node, str(SCRIPT), str(packages), str(proto), server.grpc_address, order]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as program:
            assert program.stdout is not None
            lines = map(json.loads, program.stdout)
            acknowledged = [next(lines), next(lines)]
            refused = next(lines)
            beginning, page = next(lines), next(lines)
            published = httpx.post(
                server.events_url,
                json={"eventType": "order.cancelled", "data": {"orderId": order, "when": WHEN, "reason": "Paid twice"}},
                trust_env=False,
            ).json()
            live = next(lines)
            stored = [frame.id for frame in read_stored(server.events_url, orderId=order)]
            server.terminate()
            ended = list(lines)
    assert [each["request"] for each in acknowledged] == [1, 2]
    assert [id for each in acknowledged for id in each["ids"]] == stored[:2]
    assert refused["code"] == grpc.StatusCode.INVALID_ARGUMENT.value[0]
    assert beginning == {"checkpoint": {"last_event_id": stored[0]}}
    assert ids_of(page) == [stored[1]]
    shipped = page["events"]["events"][0]["order_shipped_v1"]
    assert (shipped["order_id"], shipped["when"]) == (order, WHEN)
    assert ids_of(live) == [stored[2]] == [published["events"][0]["id"]]
    assert live["events"]["events"][0]["order_cancelled_v1"]["reason"] == "Paid twice"
    closing, status = ended
    assert closing["closing"]["reason"] == "drain"
    assert status == {"code": grpc.StatusCode.UNAVAILABLE.value[0]}
    assert program.returncode == 0


def ids_of(message: Any) -> list[str]:
    return [event["id"] for event in message["events"]["events"]]
