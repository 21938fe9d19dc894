"""A stream on an ASGI server without the extension: an exception of `send` ends it, and is raised if it is a fault."""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from typing import Any

import pytest

from app.events.delivery.fan_out import FanOut
from app.events.delivery.subscription import Subscription
from app.events.filter import EVERYTHING
from app.events.log.start import Start
from app.transports.http.streaming.asgi_sink import AsgiSink
from tests.events.logs import event, open_log


async def never() -> MutableMapping[str, Any]:
    await asyncio.Event().wait()
    raise AssertionError("Nobody comes.")


async def carry(raised: Exception) -> None:
    """Carry a stream on a server whose second `send` raises; it is left in any case."""
    log = await open_log(event("a"))
    fan_out = FanOut(log, heartbeat_seconds=15)
    sent: list[MutableMapping[str, Any]] = []
    closed: list[Subscription] = []

    async def send(message: MutableMapping[str, Any]) -> None:
        if sent:
            raise raised
        sent.append(message)

    subscription = Subscription(log, Start(0), EVERYTHING, follow=True, limit=None)
    try:
        await AsgiSink(lambda _step: b"", never, send).carry(fan_out, subscription, lambda: closed.append(subscription))
    finally:
        assert len(fan_out) == 0
        assert closed == [subscription]


async def test_a_client_that_has_left_is_not_a_fault() -> None:
    await carry(ConnectionResetError("The client has left."))


async def test_a_fault_of_the_server_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        await carry(ZeroDivisionError())
