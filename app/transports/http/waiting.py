"""Requests that wait for events. A client that leaves meanwhile waits no longer, so it takes no place from others."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from starlette.requests import Request

from app.access.admission import Admission
from app.access.client import Client

T = TypeVar("T")


@contextmanager
def admitted_to_wait(admission: Admission, client: Client, wait_seconds: int) -> Iterator[float]:
    """Yield how long to wait for a page: not longer than the client's access token is valid.

    A page that may wait is counted as a stream meanwhile; see `Admission.admit`.
    """
    if not wait_seconds:
        yield 0
        return
    expires_at = client.principal.expires_at
    leave = admission.admit(client)
    try:
        yield wait_seconds if expires_at is None else min(wait_seconds, max(0, expires_at - time.time()))
    finally:
        leave()


async def unless_left(request: Request, waiting: Coroutine[Any, Any, T]) -> T | None:
    """Run what waits for the client of a request. Returns its result, or None as soon as the client has left.

    A client that only sends no more looks the same as one that has left: the server cannot find out which it is without an answer.
    """
    work, leaving = asyncio.create_task(waiting), asyncio.create_task(_left(request))
    try:
        await asyncio.wait((work, leaving), return_when=asyncio.FIRST_COMPLETED)
        return work.result() if work.done() else None
    finally:
        work.cancel()
        leaving.cancel()


async def _left(request: Request) -> None:
    while (await request.receive()).get("more_body", False):
        pass  # the body, which is of no use
    await request.receive()
