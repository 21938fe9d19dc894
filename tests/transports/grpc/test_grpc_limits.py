"""The limits on streams and on publishing, over gRPC."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import grpc
import pytest

from tests.support.server_process import ServerProcess
from tests.transports.grpc.foreign import SERVICE, TIMEOUT_SECONDS, GrpcClient, details_of, shipped
from tests.transports.http.orders import eventually


@pytest.fixture(scope="module")
def limited() -> Iterator[GrpcClient]:
    """A client of a server that has at most one stream."""
    arguments = ("--store", "memory:", "--grpc-port", "0", "--max-streams", "1", "--publish-rate", "10:1000000")
    with ServerProcess(*arguments) as server, GrpcClient(server.grpc_address) as client:
        yield client


def wait_seconds(error: grpc.RpcError) -> float:
    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    [info] = details_of(error)
    return float(info.retry_delay.seconds)


def test_a_stream_beyond_the_limit_is_refused_until_another_has_ended(limited: GrpcClient) -> None:
    first = limited.subscribe()
    assert next(first).HasField("checkpoint")
    with pytest.raises(grpc.RpcError) as refused:
        next(limited.subscribe())
    assert 15 <= wait_seconds(refused.value) <= 45

    first.cancel()
    assert eventually(lambda: is_admitted(limited))


def is_admitted(client: GrpcClient) -> bool:
    stream = client.subscribe()
    try:
        return bool(next(stream).HasField("checkpoint"))
    except grpc.RpcError:
        return False
    finally:
        stream.cancel()


def test_a_client_that_publishes_too_much_is_refused_on_every_call(limited: GrpcClient) -> None:
    limited.publish(*[shipped("or_1")] * 50)
    with pytest.raises(grpc.RpcError) as refused:
        limited.publish(shipped("or_1"))
    assert 1 <= wait_seconds(refused.value) <= 5
    with pytest.raises(grpc.RpcError) as refused:
        next(limited.publish_stream([limited.message("PublishStreamRequest")(request=1, events=[shipped("or_1")])]))
    assert 1 <= wait_seconds(refused.value) <= 5


@pytest.mark.parametrize("method", ["Publish", "PublishStream"])
def test_a_message_that_is_refused_before_it_is_parsed_counts_as_published(limited: GrpcClient, method: str) -> None:
    called: Any = limited.channel.stream_stream(f"/{SERVICE}/{method}")
    endless_field = b"\x0a\xff\xff\xff\x7f" + bytes(3_000_000)

    def refusal() -> Any:
        with pytest.raises(grpc.RpcError) as refused:
            list(called(iter([endless_field]), TIMEOUT_SECONDS))
        return refused.value

    assert eventually(lambda: refusal().code() is grpc.StatusCode.INVALID_ARGUMENT)
    assert 1 <= wait_seconds(refusal()) <= 3
