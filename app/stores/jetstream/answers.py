"""Requests that are repeated until they are answered: servers that start, or elect a leader, give no answer for some seconds."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from app.stores.jetstream.errors import Unanswered
from app.stores.jetstream.servers.nats_connection import NatsConnection

T = TypeVar("T")

PAUSE_SECONDS: Final = 0.1


async def answered(attempt: Callable[[], Awaitable[T]], connection: NatsConnection, seconds: float) -> T:
    """Repeat an attempt until it is answered, and return the answer.

    Raises Unanswered if there is none after a number of seconds or the connection is closed; every other NatsError at once.
    """
    reason = Unanswered("The NATS servers do not answer.")
    try:
        async with asyncio.timeout(seconds):
            while not connection.closed:
                try:
                    return await attempt()
                except Unanswered as error:
                    reason = error
                await asyncio.sleep(PAUSE_SECONDS)
    except TimeoutError:
        pass
    raise reason from None
