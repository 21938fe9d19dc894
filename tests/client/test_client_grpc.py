"""Both clients over gRPC: they take the same decisions as over an event stream, and come back when that makes sense."""

from __future__ import annotations

import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest
from google.rpc.error_details_pb2 import BadRequest, ResourceInfo, RetryInfo

from app.client import (
    EventsRefused,
    Gap,
    OrderEvent,
    OrdersClient,
    RequestRefused,
    StreamOptions,
    Unavailable,
    UnexpectedAnswer,
    Violation,
)
from app.transports.grpc.messages.descriptors import MessageClasses
from tests.client.cutting_proxy import CuttingProxy
from tests.client.kinds import Kind
from tests.client.scripted_calls import CHECKPOINT, END, Refusal, ScriptedCalls, Talk
from tests.support.ports import own_port
from tests.support.rich_contract import rich_proto
from tests.support.server_process import QUICK, ServerProcess
from tests.support.tls import make_certificate, needs_openssl

pytestmark = pytest.mark.usefixtures("quick_reconnections")

Code = grpc.StatusCode


def events(*numbers: int, last: int | None = None) -> dict[str, Any]:
    shown = [
        {"id": f"e-{each}", "event_type": "order.shipped", "order_shipped_v1": {"order_id": "o"}} for each in numbers
    ]
    return {"events": {"events": shown, "last_event_id": f"e-{numbers[-1] if last is None else last}"}}


def at(event_id: str) -> dict[str, Any]:
    return {"checkpoint": {"last_event_id": event_id}}


def bad_request(*fields: str) -> BadRequest:
    return BadRequest(field_violations=[{"field": each, "description": "is wrong"} for each in fields])


def retry_info(milliseconds: int) -> RetryInfo:
    info = RetryInfo()
    info.retry_delay.FromMilliseconds(milliseconds)
    return info


def shipped(order_id: str, **members: object) -> dict[str, object]:
    data = {"orderId": order_id, "when": "2024-05-01T10:00:00Z"}
    return {"eventType": "order.shipped", "data": data, **members}


# --- streams ---------------------------------------------------------------------------------------------------------------------


def test_stream_continues_after_its_last_id_however_calls_end(client: Kind) -> None:
    drained = Refusal(Code.UNAVAILABLE, "Stopping.", [retry_info(60)])
    talks = [
        Talk([CHECKPOINT, events(1, 2), {"closing": {"reason": "drain"}}], drained),
        Talk([CHECKPOINT], Refusal(Code.INTERNAL, "Broken.")),
        Talk([at("e-2"), events(2, 3, last=7)]),
        Talk([at("e-7"), {}, {"heartbeat": {}}, events(8), END]),
    ]
    with ScriptedCalls(talks[0], Refusal(Code.UNAVAILABLE), *talks[1:]) as server:
        options: StreamOptions = {"from_": "earliest", "order_ids": ["o"], "follow": False, "major_version": 1}
        values = client.read(server.url, **options, transport="grpc")
    assert [value.id for value in values] == ["e-1", "e-2", "e-3", "e-8"]
    asked = [talk.asked[0] for talk in talks]
    assert [each.last_event_id for each in asked] == ["", "e-2", "e-0", "e-7"]
    assert [getattr(each, "from") for each in asked] == ["earliest", "", "", ""]
    assert all((list(each.order_id), each.follow, each.major_version) == (["o"], False, 1) for each in asked)
    assert all(each["user-agent"].startswith("orders-events/") for each in server.metadata)


def test_wait_before_the_next_call_is_the_one_that_the_status_asks_for(
    client: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    monkeypatch.setattr("app.client.order_stream.time.sleep", waits.append)

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    monkeypatch.setattr("app.client.async_order_stream.asyncio.sleep", sleep)
    drained = Refusal(Code.UNAVAILABLE, "Stopping.", [retry_info(1234)])
    with ScriptedCalls(Talk([CHECKPOINT, {"closing": {"reason": "drain"}}], drained), Talk([at("e-0"), END])) as server:
        assert client.read(server.url, transport="grpc") == []
    assert waits[0] == 1.234


def test_limit_ends_in_the_middle_of_a_response(client: Kind) -> None:
    with ScriptedCalls(Talk([CHECKPOINT, events(1, 2, 3)], is_held=True)) as server:
        values = client.read(server.url, limit=2, transport="grpc")
    assert [value.id for value in values] == ["e-1", "e-2"]


def test_gap_is_delivered(client: Kind) -> None:
    gap = {"last_event_id": "e-4", "reason": "expired", "requested": "e-1", "earliest": "e-4"}
    with ScriptedCalls(Talk([{"gap": gap}, events(5), END])) as server:
        values = client.read(server.url, after="e-1", transport="grpc")
    assert values[0] == Gap("e-4", "expired", "e-1", "e-4")
    assert values[1].id == "e-5"


def test_checkpoint_is_delivered(client: Kind) -> None:
    with ScriptedCalls(Talk([CHECKPOINT, events(1, last=9), END])) as server:
        values = client.read(server.url, checkpoints="yield", transport="grpc")
    assert [value.id for value in values] == ["e-0", "e-1", "e-9"]


def test_refusal_is_raised_with_the_fields_that_are_wrong(client: Kind) -> None:
    refusal = Refusal(Code.INVALID_ARGUMENT, "No such thing.", [bad_request("/since")])
    with (
        ScriptedCalls(refusal) as server,
        pytest.raises(RequestRefused, match=r"^No such thing\. since is wrong\.$") as no,
    ):
        client.read(server.url, transport="grpc")
    assert no.value.status == 400


@pytest.mark.parametrize(
    ("code", "status"),
    [(Code.UNAUTHENTICATED, 401), (Code.PERMISSION_DENIED, 403), (Code.RESOURCE_EXHAUSTED, 413)],
)
def test_refusal_has_the_status_of_http(client: Kind, code: grpc.StatusCode, status: int) -> None:
    with ScriptedCalls(Refusal(code, "No.")) as server, pytest.raises(RequestRefused, match=r"^No\.$") as refused:
        client.read(server.url, transport="grpc")
    assert refused.value.status == status


@pytest.mark.parametrize("code", [Code.UNAVAILABLE, Code.INTERNAL, Code.UNKNOWN, Code.CANCELLED, Code.ABORTED])
def test_call_that_may_succeed_later_is_given_up_in_time(client: Kind, code: grpc.StatusCode) -> None:
    with (
        ScriptedCalls(Refusal(code, "Busy.")) as server,
        pytest.raises(Unavailable, match=f"^No answer from {server.url} \\({code.name}: Busy\\.\\)\\.$"),
    ):
        client.read(server.url, retry_max_seconds=0, transport="grpc")


def test_server_without_reflection_or_service_is_not_read(client: Kind) -> None:
    with ScriptedCalls(described=False) as server, pytest.raises(UnexpectedAnswer, match="describe it by reflection"):
        client.read(server.url, transport="grpc")
    with (
        ScriptedCalls(service="other") as server,
        pytest.raises(UnexpectedAnswer, match=f"{server.url} does not serve"),
    ):
        client.read(server.url, transport="grpc")


def test_server_that_cannot_be_reached_is_given_up(client: Kind) -> None:
    url = f"grpc://127.0.0.1:{own_port()}"
    with pytest.raises(Unavailable, match=f"^No answer from {url} \\(UNAVAILABLE: .*Connection refused"):
        client.read(url, retry_max_seconds=0, transport="grpc")
    with pytest.raises(Unavailable, match=f"^No answer from {url} \\(UNAVAILABLE: .*Connection refused"):
        client.publish(url, [shipped("o")], retry_max_seconds=0, transport="grpc")


def test_call_on_which_nothing_comes_is_replaced_by_another() -> None:
    silent, second = Talk([CHECKPOINT], is_held=True), Talk([at("e-0"), events(1), END])
    with (
        ScriptedCalls(silent, second) as server,
        OrdersClient(server.url, transport="grpc", silence_seconds=0.5) as orders,
    ):
        assert [event.id for event in orders.stream()] == ["e-1"]


def test_event_without_data_that_this_client_can_read_is_unexpected(client: Kind) -> None:
    strange = {"events": {"events": [{"id": "e-1", "event_type": "order.lost"}], "last_event_id": "e-1"}}
    with ScriptedCalls(Talk([CHECKPOINT, strange])) as server, pytest.raises(UnexpectedAnswer, match="e-1"):
        client.read(server.url, transport="grpc")


def test_headers_and_cookies_of_the_http_client_are_sent() -> None:
    http = httpx.Client(headers={"Authorization": "Bearer t"}, cookies={"a": "b"}, trust_env=False)
    with (
        ScriptedCalls(Talk([CHECKPOINT, END])) as server,
        http,
        OrdersClient(server.url, http=http, transport="grpc") as orders,
    ):
        assert list(orders.stream()) == []
    assert (server.metadata[0]["authorization"], server.metadata[0]["cookie"]) == ("Bearer t", "a=b")


# --- publishing ------------------------------------------------------------------------------------------------------------------


def test_events_are_published_again_until_the_answer_comes(client: Kind) -> None:
    stored = {"id": "e-1", "event_type": "order.shipped", "schema_version": "1.0.0", "event_id": "a", "duplicate": True}
    busy = Refusal(Code.UNAVAILABLE, "Busy.", [retry_info(50)])
    talk = Talk([{"events": [stored]}])
    with ScriptedCalls(busy, talk) as server:
        (event,) = client.publish(server.url, [shipped("o", eventId="a")], transport="grpc")
    assert (event.id, event.event_id, event.duplicate) == ("e-1", "a", True)
    assert [(each.event_type, each.event_id) for each in talk.asked[0].events] == [("order.shipped", "a")]


def test_events_that_the_server_refuses_are_named(client: Kind) -> None:
    refusal = Refusal(Code.INVALID_ARGUMENT, "No.", [bad_request("/events/1/data/orderId", "/events/1")])
    with ScriptedCalls(refusal) as server, pytest.raises(EventsRefused) as refused:
        client.publish(server.url, [shipped("a"), shipped("b")], transport="grpc")
    assert refused.value.violations == (Violation(1, "/data/orderId", "is wrong"), Violation(1, "", "is wrong"))
    assert (refused.value.status, refused.value.problem.type) == (422, "/problems/contract-violation")


def test_event_id_that_is_in_use_is_named(client: Kind) -> None:
    taken = ResourceInfo(resource_type="eventId", resource_name="a", description="/events/0")
    with ScriptedCalls(Refusal(Code.ALREADY_EXISTS, "No.", [taken])) as server, pytest.raises(EventsRefused) as refused:
        client.publish(server.url, [shipped("o", eventId="a")], transport="grpc")
    assert refused.value.violations == (Violation(0, "/eventId", "'a' names another event already"),)
    assert refused.value.status == 409


# --- with a server ---------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    with ServerProcess("--store", "memory:", "--grpc-port", "0", *QUICK) as running:
        yield running


@pytest.fixture
def url(server: ServerProcess) -> str:
    return f"grpc://{server.grpc_address}"


def test_same_events_come_over_both_transports(client: Kind, server: ServerProcess, url: str) -> None:
    name = f"same-{type(client).__name__}"
    published = client.publish(url, [shipped(f"{name}-1"), shipped(f"{name}-2", eventId=name)], transport="grpc")
    (again,) = client.publish(server.url, [shipped(f"{name}-2", eventId=name)])
    assert (again.id, again.duplicate) == (published[1].id, True)
    values = client.read(url, from_="earliest", follow=False, transport="grpc")
    assert [value.id for value in values[-2:]] == [each.id for each in published]
    assert values == client.read(server.url, from_="earliest", follow=False)
    assert client.read(server.url, after=values[0].id, follow=False) == values[1:]


@pytest.mark.parametrize(
    ("event", "pointer"),
    [
        (shipped("or 1"), "/data/orderId"),
        (shipped("or_1", data={"orderId": 5, "when": "2024-05-01T10:00:00Z"}), "/data/orderId"),
        (shipped("or_1", data={"orderId": "\ud800", "when": "2024-05-01T10:00:00Z"}), "/data/orderId"),
        (shipped("or_1", data=[]), "/data"),
        (shipped("or_1", data={}), "/data"),
        (shipped("or_1", data={"orderId": "or_1", "when": "2024-05-01T10:00:00Z", "a/b": 1}), "/data/a~1b"),
        (shipped("or_1", more=1), "/more"),
        (shipped("or_1", eventId=""), "/eventId"),
        (shipped("or_1", schemaVersion="1.9.0"), "/schemaVersion"),
        (shipped("or_1", schemaVersion="9.0.0"), "/schemaVersion"),
        ({"eventType": "order.lost", "data": {}}, "/eventType"),
        ({"eventType": 5, "data": {}}, "/eventType"),
        ({"eventType": "order.shipped"}, ""),
        ({}, ""),
    ],
)
def test_event_that_breaks_its_contract_is_refused_as_over_http(
    client: Kind, server: ServerProcess, url: str, event: dict[str, object], pointer: str
) -> None:
    before = client.read(server.url, from_="earliest", follow=False)
    with pytest.raises(EventsRefused) as refused:
        client.publish(url, [shipped("or_good"), event], transport="grpc")
    assert (1, pointer) in {(each.index, each.pointer) for each in refused.value.violations}
    assert refused.value.status == 422
    assert client.read(server.url, from_="earliest", follow=False) == before


def test_event_type_that_a_newer_server_describes_is_published_over_an_open_connection() -> None:
    stored = {"id": "e-1", "event_type": "order.weighed", "schema_version": "1.0.0", "event_id": "a"}
    weighed = {"eventType": "order.weighed", "data": {"orderId": "or_1", "weight": 2, "items": [], "path": []}}
    steps = [Talk([{"events": [stored]}]), Talk([{"events": [stored]}])]
    with ScriptedCalls(*steps) as server, OrdersClient(server.url, transport="grpc") as orders:
        orders.publish(shipped("or_1"))
        server.describe(newer := MessageClasses(rich_proto()))
        assert orders.publish(weighed).event_type == "order.weighed"
    sent = newer["PublishRequest"].FromString(steps[1].asked[0].SerializeToString())
    assert sent.events[0].order_weighed_v1.weight == 2


def test_requests_whose_answers_are_cut_are_repeated_and_stored_once(client: Kind, server: ServerProcess) -> None:
    name = f"cut-{type(client).__name__}"
    passes: Iterator[int | None] = iter([0, 100, 2000, 4000, *[None] * 100])
    port = int(server.grpc_address.rpartition(":")[2])
    with CuttingProxy(port, lambda: next(passes)) as proxy:
        url = proxy.url.replace("http", "grpc")
        published = client.publish(url, [shipped(f"{name}-{number}") for number in range(50)], transport="grpc")
    assert proxy.broken > 2
    values = client.read(server.url, from_="earliest", follow=False)
    ours = [value for value in values if isinstance(value, OrderEvent) and value.data["orderId"].startswith(name)]
    assert [value.id for value in ours] == [each.id for each in published]
    assert [value.data["orderId"] for value in ours] == [f"{name}-{number}" for number in range(50)]


@needs_openssl
def test_server_with_tls_is_read_with_the_certificates_of_the_caller_or_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
    certificate = make_certificate(tmp_path)
    with ScriptedCalls(Talk([CHECKPOINT, END]), Talk([CHECKPOINT, END]), certificate=certificate) as server:
        context = ssl.create_default_context(cafile=str(certificate))
        with OrdersClient(server.url, transport="grpc", certificates=context) as orders:
            assert list(orders.stream(retry_max_seconds=0)) == []
        with (
            OrdersClient(server.url, transport="grpc") as orders,
            pytest.raises(Unavailable, match="CERTIFICATE_VERIFY_FAILED"),
        ):
            list(orders.stream(retry_max_seconds=0))
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        with OrdersClient(server.url, transport="grpc") as orders:
            assert list(orders.stream(retry_max_seconds=0)) == []


@pytest.mark.parametrize("count", [0, 1001])
def test_request_with_no_event_or_too_many_is_refused(client: Kind, url: str, count: int) -> None:
    with pytest.raises(RequestRefused) as refused:
        client.publish(url, [shipped("many")] * count, transport="grpc")
    assert refused.value.status == 422


def test_options_that_the_server_refuses_are_named(client: Kind, url: str) -> None:
    with pytest.raises(RequestRefused, match=r"eventTypes/0 must be one of") as refused:
        client.read(url, event_types=["order.lost"], transport="grpc")
    assert (refused.value.status, refused.value.problem.type) == (400, "/problems/invalid-parameter")


def test_http_server_is_not_read(client: Kind, server: ServerProcess) -> None:
    with pytest.raises(Unavailable, match="No answer from grpc://"):
        client.read(f"grpc://127.0.0.1:{server.port}", retry_max_seconds=0, transport="grpc")


# --- before a connection ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("url", ["http://127.0.0.1:8000", "127.0.0.1:50051", "grpc://127.0.0.1:50051/path", "grpc://"])
def test_url_that_is_not_one_for_grpc_is_refused_at_once(url: str) -> None:
    with pytest.raises(ValueError, match=r"is not a URL such as grpc://127\.0\.0\.1:50051\.$"):
        OrdersClient(url, transport="grpc")


def test_grpc_url_is_not_one_for_the_other_transports() -> None:
    with pytest.raises(ValueError, match=r"is not a URL such as http://127\.0\.0\.1:8000\.$"):
        OrdersClient("grpc://127.0.0.1:50051")


def test_certificates_that_are_only_in_a_directory_are_refused_at_once() -> None:
    with pytest.raises(ValueError, match="set SSL_CERT_FILE"):
        OrdersClient("grpcs://127.0.0.1:1", transport="grpc", certificates=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))


def test_without_the_packages_one_line_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "grpc.py").write_text("raise ModuleNotFoundError('No module named grpc', name='grpc')\n")
    program = "from app.client import OrdersClient; OrdersClient('http://127.0.0.1:1'); OrdersClient('grpc://127.0.0.1:1', transport='grpc')"
    ran = subprocess.run(
        [sys.executable, "-c", program], env={"PYTHONPATH": str(tmp_path)}, capture_output=True, text=True, check=False
    )
    assert ran.stderr.splitlines()[-1] == (
        "ImportError: The transport grpc needs the package grpc, which is not installed: pip install 'orders-events[grpc]'."
    )


def test_each_call_gets_a_token_and_one_that_is_refused_is_replaced_once(client: Kind) -> None:
    tokens = iter(["token-1", "token-2", "token-3", "token-4"])
    refused, stream, published = (
        Refusal(Code.UNAUTHENTICATED),
        Talk([CHECKPOINT, END]),
        Talk([{"events": [{"id": "e-1"}]}]),
    )
    with ScriptedCalls(refused, stream, refused, published) as server:
        assert client.read(server.url, transport="grpc", token=lambda: next(tokens)) == []
        client.publish(server.url, [shipped("o")], transport="grpc", token=lambda: next(tokens))
    assert [each["authorization"] for each in server.metadata] == [f"Bearer token-{each}" for each in (1, 2, 3, 4)]
