"""A key that its issuer takes away: what was opened with its tokens ends, on every transport, and everything else goes on."""

from __future__ import annotations

import json
import time
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import grpc
import pytest
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from grpc_health.v1.health_pb2_grpc import HealthStub
from joserfc.jwk import ECKey

from app.access.tokens.refreshed_keys import FILE_PACE
from tests.support.server_process import QUICK, ServerProcess
from tests.support.tokens import AUDIENCE, ISSUER, token
from tests.transports.grpc.foreign import TIMEOUT_SECONDS, GrpcClient
from tests.transports.grpc.foreign import shipped as message_of
from tests.transports.http.orders import EVENTS, new_order, shipped
from tests.transports.http.wire import Wire, request
from tests.transports.websocket.conversations import conversation

FLAGS = ("--algorithm", "ES256", "--issuer", ISSUER, "--audience", AUDIENCE, "--public-url", AUDIENCE)
LEAVING, STAYING = (ECKey.generate_key("P-256", {"kid": name}) for name in ("leaving", "staying"))


def write(file: Path, *keys: ECKey) -> None:
    """Replace the file in one step, as its readers expect."""
    new = file.with_suffix(".new")
    new.write_text(json.dumps({"keys": [key.as_dict(private=False) for key in keys]}))
    new.replace(file)


def signed(key: ECKey) -> str:
    return f"Bearer {token(header={'alg': 'ES256', 'kid': key.kid}, key=key)}"


def test_streams_of_a_removed_key_end_within_five_seconds_of_the_refresh(tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    write(file, LEAVING, STAYING)
    with (
        ServerProcess("--store", "memory:", "--grpc-port", "0", *QUICK, "--jwks", str(file), *FLAGS) as server,
        Wire(server.port) as leaving,
        Wire(server.port) as staying,
        Wire(server.port) as waiting,
        conversation(server, additional_headers={"Authorization": signed(LEAVING)}) as talk,
        conversation(server, additional_headers={"Authorization": signed(LEAVING)}) as publisher,
        conversation(server, additional_headers={"Authorization": signed(LEAVING)}) as idle,
        GrpcClient(server.grpc_address, metadata=[("authorization", signed(LEAVING))]) as client,
    ):
        assert publisher.ask("publish", request=1, events=[shipped()])["type"] == "published"
        assert idle.ask("ping", request=1)["type"] == "pong"
        requests: SimpleQueue[Any] = SimpleQueue()
        request_of_stream = client.message("PublishStreamRequest")
        requests.put(request_of_stream(request=1, events=[message_of(new_order())]))
        publications: Any = client.publish_stream(iter(requests.get, None))
        assert next(publications).request == 1
        for wire, key in ((leaving, LEAVING), (staying, STAYING)):
            assert wire.get(EVENTS, f"Authorization: {signed(key)}").status == 200
            assert b"stream.checkpoint" in wire.chunk()
        assert talk.ask("subscribe", subscription=1)["type"] == "checkpoint"
        call: Any = client.subscribe()
        assert next(call).WhichOneof("item") == "checkpoint"
        health: Any = HealthStub(client.channel).Watch(HealthCheckRequest(), timeout=TIMEOUT_SECONDS)
        assert next(health).status == HealthCheckResponse.SERVING
        waiting.send(request(f"{EVENTS}?wait=30", "Accept: application/json", f"Authorization: {signed(LEAVING)}"))
        write(file, STAYING)
        removed_at = time.monotonic()

        assert b'"reason":"token_expired"' in [*iter(leaving.chunk, b"")][-1]
        assert talk.read() == {"type": "closing", "subscription": 1, "reason": "token_expired"}
        assert talk.close_code() == 4401
        for calls in (call, publications):
            with pytest.raises(grpc.RpcError) as ended:
                list(calls)
            assert ended.value.code() is grpc.StatusCode.UNAUTHENTICATED
        assert publisher.close_code() == idle.close_code() == 4401
        assert waiting.head().status == 401
        assert time.monotonic() - removed_at < FILE_PACE.interval + 5
        assert staying.chunk() == b":\n"
        with Wire(server.port) as late:
            assert late.get(EVENTS, f"Authorization: {signed(LEAVING)}").status == 401
        assert health.is_active()  # health needs no token
        requests.put(None)
