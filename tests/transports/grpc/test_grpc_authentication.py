"""Access tokens in the metadata of calls: who may call, what for, and for how long."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import grpc
import pytest
from google.rpc.error_details_pb2 import RetryInfo

from app.access.principal import Principal, pseudonym
from tests.support.server_process import QUICK, ServerProcess
from tests.support.tokens import ISSUER, token, token_settings
from tests.transports.grpc.foreign import GrpcClient, details_of, events_of, shipped
from tests.transports.grpc.http2 import Connection, message
from tests.transports.http.orders import new_order

UNAUTHENTICATED = grpc.StatusCode.UNAUTHENTICATED
PERMISSION_DENIED = grpc.StatusCode.PERMISSION_DENIED

EARLIEST: dict[str, Any] = {"from": "earliest"}

Call = Callable[[GrpcClient], Any]
CALLS: dict[str, Call] = {
    "Subscribe": lambda client: list(client.subscribe(follow=False)),
    "Publish": lambda client: client.publish(shipped(new_order())),
    "PublishStream": lambda client: list(client.publish_stream([])),
}


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server that needs access tokens."""
    keys = token_settings(tmp_path_factory.mktemp("keys"))
    with ServerProcess("--store", "memory:", "--grpc-port", "0", *QUICK, *keys) as running:
        yield running


@contextmanager
def client_with(server: ServerProcess, *metadata: tuple[str, str]) -> Iterator[GrpcClient]:
    with GrpcClient(server.grpc_address, metadata=metadata) as client:
        yield client


def bearer(**claims: Any) -> tuple[str, str]:
    return ("authorization", f"Bearer {token(**claims)}")


def status(call: Call, client: GrpcClient) -> tuple[grpc.StatusCode, str | None]:
    with pytest.raises(grpc.RpcError) as refused:
        call(client)
    return refused.value.code(), refused.value.details()


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_a_call_without_a_good_token_is_refused_in_the_same_way_whatever_is_wrong(
    guarded: ServerProcess, call: Call
) -> None:
    bad: list[list[tuple[str, str]]] = [
        [],
        [("authorization", "Bearer something")],
        [("authorization", f"Basic {token()}")],
        [bearer(), bearer()],
        [bearer(aud="https://other.example")],
        [bearer(exp=int(time.time()) - 5)],
    ]
    for metadata in bad:
        with client_with(guarded, *metadata) as client:
            assert status(call, client) == (UNAUTHENTICATED, "The request needs a valid access token.")


@pytest.mark.parametrize("method", CALLS)
def test_a_call_without_a_token_is_refused_before_its_message_has_come(guarded: ServerProcess, method: str) -> None:
    with Connection(guarded.grpc_address) as connection:
        connection.call(1, method, message(b"", declared=2**20))
        assert connection.status() == UNAUTHENTICATED.value[0]


def test_a_token_allows_what_its_scopes_say(guarded: ServerProcess) -> None:
    with (
        client_with(guarded, bearer(scope="orders:read")) as reader,
        client_with(guarded, bearer(scope="orders:publish")) as publisher,
    ):
        assert status(CALLS["Publish"], reader)[0] is PERMISSION_DENIED
        assert status(CALLS["Subscribe"], publisher)[0] is PERMISSION_DENIED
        order = new_order()
        stream = reader.subscribe(order_id=[order])
        next(stream)
        published = publisher.publish(shipped(order))
        assert next(events_of(stream)).id == published.events[0].id
        stream.cancel()


def test_a_token_that_is_restricted_reads_and_publishes_its_own_events_only(guarded: ServerProcess) -> None:
    mine, other = new_order(), new_order()
    with client_with(guarded, bearer(orders_events={"orderIds": [mine]})) as client:
        assert status(lambda each: each.publish(shipped(other)), client)[0] is PERMISSION_DENIED
        assert status(lambda each: list(each.subscribe(order_id=[other])), client)[0] is PERMISSION_DENIED
        client.publish(shipped(mine))
        with client_with(guarded, bearer()) as unrestricted:
            unrestricted.publish(shipped(other))
        read = list(events_of(client.subscribe(follow=False, **EARLIEST)))
        assert {each.order_shipped_v1.order_id for each in read} == {mine}


def test_a_stream_ends_when_its_token_expires(guarded: ServerProcess) -> None:
    expiry = int(time.time()) + 2
    with client_with(guarded, bearer(exp=expiry)) as client:
        responses: list[Any] = []
        stream = client.subscribe()
        with pytest.raises(grpc.RpcError) as ended:
            responses.extend(iter(lambda: next(stream), None))
        assert expiry <= time.time()
        assert ended.value.code() is UNAUTHENTICATED


def test_a_stream_of_publications_ends_when_its_token_has_expired(guarded: ServerProcess) -> None:
    expiry = int(time.time()) + 2
    requests: queue.SimpleQueue[Any] = queue.SimpleQueue()
    with client_with(guarded, bearer(exp=expiry)) as client:
        request = client.message("PublishStreamRequest")
        answers = client.publish_stream(iter(requests.get, None))

        def publish_until(second: int) -> None:
            while time.time() < second:
                requests.put(request(request=1, events=[shipped(new_order())]))
                assert next(answers).request == 1

        publish_until(expiry - 1)
        with pytest.raises(grpc.RpcError) as ended:
            publish_until(expiry + 60)
        requests.put(None)
        assert ended.value.code() is UNAUTHENTICATED
        assert expiry <= time.time()


def test_a_stream_of_publications_ends_with_its_token_although_nothing_comes(guarded: ServerProcess) -> None:
    until = int(time.time()) + 2
    with client_with(guarded, bearer(exp=until)) as client:
        requests: queue.SimpleQueue[Any] = queue.SimpleQueue()
        requests.put(client.message("PublishStreamRequest")(request=1, events=[shipped(new_order())]))
        call: Any = client.publish_stream(iter(requests.get, None))
        assert next(call).request == 1
        assert status(lambda _: list(call), client)[0] is UNAUTHENTICATED
        assert until <= time.time()
        requests.put(None)


def test_health_and_reflection_need_no_token(guarded: ServerProcess) -> None:
    with client_with(guarded) as client:  # it has the messages by reflection
        check: Callable[..., Any] = client.channel.unary_unary("/grpc.health.v1.Health/Check")
        assert check(b"", timeout=60) == b"\x08\x01"


def test_a_stream_ends_at_its_greatest_age_with_a_status_after_which_clients_come_back() -> None:
    with (
        ServerProcess("--store", "memory:", "--grpc-port", "0", *QUICK, "--max-stream-age-seconds", "1") as aging,
        client_with(aging) as client,
    ):
        responses: list[Any] = []
        stream = client.subscribe()
        with pytest.raises(grpc.RpcError) as ended:
            responses.extend(iter(lambda: next(stream), None))
        assert ended.value.code() is grpc.StatusCode.UNAVAILABLE
        assert [type(each) for each in details_of(ended.value)] == [RetryInfo]


def test_the_log_names_the_client_of_a_refused_call_and_not_its_token(guarded: ServerProcess) -> None:
    sender = Principal(ISSUER, "a reader", frozenset())
    with client_with(guarded, bearer(sub=sender.subject, scope="orders:read")) as client:
        assert status(CALLS["Publish"], client)[0] is PERMISSION_DENIED
    with client_with(guarded, ("authorization", f"Bearer {(bad := token(iss='another'))}")) as client:
        assert status(CALLS["Publish"], client)[0] is UNAUTHENTICATED
    of_call = "method=Publish client=127.0.0.1"
    guarded.printed(rf"A request was refused\. (problem=forbidden {of_call} principal={pseudonym(sender)})\n")
    guarded.printed(rf"A request was refused\. (problem=unauthenticated {of_call})\b")
    assert bad not in "".join(guarded.output)
