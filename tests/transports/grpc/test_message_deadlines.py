"""A call waits for a message only so long, and is held by nobody who sends half of one, or does not read."""

from __future__ import annotations

import asyncio
from collections import Counter
from types import SimpleNamespace
from typing import Any

import grpc
import pytest
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from grpc_health.v1.health_pb2_grpc import HealthStub

from app.server.connections.slow_reader import READER_SECONDS
from app.specification.errors import OrdersEventsError
from app.transports.grpc import message_deadlines as deadlines_module
from app.transports.grpc import unread_messages as unread_module
from app.transports.grpc.message_deadlines import MESSAGE_SECONDS, MessageDeadlines, MessageLate, seconds_for
from app.transports.grpc.unread_messages import ReaderStalled, UnreadMessages
from tests.events.logs import in_virtual_time, now_seconds
from tests.support.server_process import ServerProcess
from tests.transports.grpc.foreign import TIMEOUT_SECONDS
from tests.transports.grpc.http2 import END_STREAM, Connection, message

HALF = message(b"\x0a", declared=2**20)
WATCH = "/grpc.health.v1.Health/Watch"


class Silent:
    """A call whose client sends nothing."""

    def __init__(self) -> None:
        self.ended: asyncio.Future[OrdersEventsError] = asyncio.get_running_loop().create_future()
        self.ended_at = 0.0

    async def read(self) -> Any:
        raise await self.ended

    def end(self, error: OrdersEventsError) -> None:
        self.ended_at = now_seconds()
        self.ended.set_result(error)


@in_virtual_time
async def test_calls_whose_messages_do_not_come_are_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deadlines_module, "time", SimpleNamespace(monotonic=now_seconds))
    cuts: Counter[str] = Counter()
    deadlines = MessageDeadlines(lambda call, error: call.end(error), cuts)  # type: ignore[attr-defined]  # as much as is used of a call
    calls: list[Any] = [Silent(), Silent()]
    reads = [deadlines.read(calls[0]), deadlines.read(calls[1], seconds_for(8 * 2**20))]
    errors = await asyncio.gather(*reads, return_exceptions=True)
    assert [type(each) for each in errors] == [MessageLate, MessageLate]
    assert MESSAGE_SECONDS <= calls[0].ended_at <= MESSAGE_SECONDS + 1
    assert MESSAGE_SECONDS + 512 <= calls[1].ended_at <= MESSAGE_SECONDS + 513
    assert cuts == {"body": 2}


class Unread:
    """A call whose client reads nothing."""

    def __init__(self) -> None:
        self.context = self
        self.ended: asyncio.Future[OrdersEventsError] = asyncio.get_running_loop().create_future()
        self.gave_up_at = 0.0

    async def write(self, _message: bytes) -> None:
        await self.ended

    def give_up(self) -> None:
        self.gave_up_at = now_seconds()


@in_virtual_time
async def test_calls_whose_messages_are_not_read_are_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unread_module, "time", SimpleNamespace(monotonic=now_seconds))
    cuts: Counter[str] = Counter()
    unread = UnreadMessages(lambda call, error: call.ended.set_result(error), cuts)  # type: ignore[attr-defined]  # as much as is used of a call
    calls: list[Any] = [Unread(), Unread()]
    await asyncio.gather(unread.write(calls[0], b"x"), unread.write(calls[1], b"x" * 2**20))
    assert [type(each.ended.result()) for each in calls] == [ReaderStalled, ReaderStalled]
    assert READER_SECONDS <= calls[0].gave_up_at <= READER_SECONDS + 1
    assert READER_SECONDS + 64 <= calls[1].gave_up_at <= READER_SECONDS + 65
    assert cuts == {"reader": 2}


@pytest.mark.parametrize("method", ["Subscribe", "Publish"])
def test_a_call_without_a_message_is_refused(connection: Connection, method: str) -> None:
    connection.call(1, method, flags=END_STREAM)
    assert connection.status() == grpc.StatusCode.INVALID_ARGUMENT.value[0]


@pytest.mark.usefixtures("undisturbed")
@pytest.mark.parametrize("method", ["Subscribe", "Publish", "PublishStream", WATCH])
def test_a_client_that_leaves_in_the_middle_of_its_message_is_not_logged_as_a_fault(
    server: ServerProcess, method: str
) -> None:
    for _ in range(10):
        with Connection(server.grpc_address) as leaving:
            leaving.call(1, method, HALF)
            leaving.ping()


def test_a_client_that_does_not_read_its_health_holds_up_nobody_else(server: ServerProcess) -> None:
    with Connection(server.grpc_address, window=0) as unread, grpc.insecure_channel(server.grpc_address) as channel:
        unread.call(1, WATCH, message(b""), END_STREAM)
        unread.ping()
        stub = HealthStub(channel)
        for _ in range(3):
            watching: Any = stub.Watch(HealthCheckRequest(), timeout=TIMEOUT_SECONDS)
            assert next(watching).status == HealthCheckResponse.SERVING
            watching.cancel()
