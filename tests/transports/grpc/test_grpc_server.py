"""The life of the gRPC server: its port, its start without the packages, its health, and its end."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from app.server.listener import listen
from tests.support.server_process import QUICK, ServerProcess
from tests.transports.grpc.foreign import SERVICE, GrpcClient, details_of, shipped

EXIT_SECONDS = 90  # a drain takes five at most, and what it must not wait for never ends
SERVE = ("--store", "memory:", "--grpc-port", "0", *QUICK)
SERVING, NOT_SERVING = health_pb2.HealthCheckResponse.SERVING, health_pb2.HealthCheckResponse.NOT_SERVING


def test_a_port_in_use_is_refused_in_one_line() -> None:
    with listen("127.0.0.1", 0) as taken:
        port = str(taken.getsockname()[1])
        with pytest.raises(AssertionError) as refused:
            ServerProcess("--store", "memory:", "--grpc-port", port)
    assert (
        f"ended with 1 before it listened:\norders-events: Cannot listen on 127.0.0.1:{port}: Address already in use"
        in str(refused.value)
    )
    assert str(refused.value).count("\n") == 2


def test_port_of_another_grpc_server_is_not_shared() -> None:
    with ServerProcess(*SERVE) as server:
        port = server.grpc_address.rpartition(":")[2]
        with pytest.raises(AssertionError, match=rf"Cannot listen on 127\.0\.0\.1:{port}: Address already in use"):
            ServerProcess("--store", "memory:", "--grpc-port", port)


def test_without_the_package_everything_else_starts_and_the_flag_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "grpc.py").write_text("raise ModuleNotFoundError('No module named grpc', name='grpc')\n")
    without = {"PYTHONPATH": str(tmp_path)}
    with ServerProcess("--store", "memory:", environment=without) as server:
        assert server.terminate() == 0
    with pytest.raises(AssertionError) as refused:
        ServerProcess(*SERVE, environment=without)
    line = (
        "orders-events: --grpc-port needs the package grpc, which is not installed: pip install 'orders-events[grpc]'."
    )
    assert str(refused.value).endswith(f"ended with 1 before it listened:\n{line}\n")


def test_health_is_that_of_the_server_and_of_its_service(client_of_health: Any) -> None:
    for name in ("", SERVICE):
        assert client_of_health.Check(health_pb2.HealthCheckRequest(service=name)).status == SERVING
    with pytest.raises(grpc.RpcError) as unknown:
        client_of_health.Check(health_pb2.HealthCheckRequest(service="no.such"))
    assert unknown.value.code() is grpc.StatusCode.NOT_FOUND


@pytest.fixture
def client_of_health(server: ServerProcess) -> Iterator[Any]:
    with grpc.insecure_channel(server.grpc_address) as channel:
        yield health_pb2_grpc.HealthStub(channel)


def test_on_sigterm_every_call_is_ended_and_the_exit_code_is_0() -> None:
    held = threading.Event()

    def requests(first: Any) -> Iterator[Any]:
        yield first
        held.wait()

    with ServerProcess(*SERVE) as server, GrpcClient(server.grpc_address) as client:
        streams = [client.subscribe(timeout=None) for _ in range(20)]
        for stream in streams:
            assert next(stream).HasField("checkpoint")
        publishing = client.publish_stream(
            requests(client.message("PublishStreamRequest")(request=7, events=[shipped("or_1")]))
        )
        assert next(publishing).request == 7
        watching = health_pb2_grpc.HealthStub(client.channel).Watch(health_pb2.HealthCheckRequest())
        assert next(watching).status == SERVING
        exit_code = server.terminate(EXIT_SECONDS)
        for stream in streams:
            responses, status = until_the_end(stream)
            assert responses[-1].closing.reason == "drain"
            assert_comes_back(status)
        responses, status = until_the_end(publishing)
        assert responses == []
        assert_comes_back(status)
        responses, _ = until_the_end(watching)
        assert [each.status for each in responses] == [NOT_SERVING]
        held.set()
    assert exit_code == 0
    assert "Traceback" not in "".join(server.output)


def test_a_client_that_does_not_read_does_not_hold_up_the_exit() -> None:
    with ServerProcess(*SERVE) as server, GrpcClient(server.grpc_address, ("grpc.http2.bdp_probe", 0)) as client:
        stream = client.subscribe(timeout=None)
        next(stream)
        events = [
            {"order_cancelled_v1": {"order_id": "or_1", "when": "2024-05-01T10:00:00Z", "reason": "x" * 500}}
        ] * 1000
        for _ in range(10):
            client.publish(*events)
        assert server.terminate(EXIT_SECONDS) == 0
        stream.cancel()
    assert "Traceback" not in "".join(server.output)


def test_a_log_that_cannot_be_read_ends_a_stream_that_may_come_back() -> None:
    with (
        ServerProcess(*SERVE, module="tests.support.unreadable_server") as server,
        GrpcClient(server.grpc_address) as client,
    ):
        client.publish(shipped("or_1"))
        responses, status = until_the_end(client.subscribe(since="2024-05-01T10:00:00Z"))
        assert [each.closing.reason for each in responses] == ["unavailable"]
        assert_comes_back(status)
    assert "Traceback" not in "".join(server.output)


def until_the_end(call: Any) -> tuple[list[Any], grpc.RpcError]:
    """Read a call that ends with an error; return its responses and the error."""
    responses: list[Any] = []
    with pytest.raises(grpc.RpcError) as ended:
        responses.extend(call)
    return responses, ended.value


def assert_comes_back(status: grpc.RpcError) -> None:
    """The status invites the client to come back, after a time of the setting `--retry-ms` of these servers."""
    assert status.code() is grpc.StatusCode.UNAVAILABLE
    [retry_info] = details_of(status)
    assert 0.05 <= retry_info.retry_delay.ToMilliseconds() / 1000 <= 0.1
