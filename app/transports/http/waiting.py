"""Requests that wait for events. A request waits no longer once its client has left, or its access token is not accepted any more."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, Final, TypeVar

from starlette.requests import Request

from app.access.admission import Admission
from app.access.client import Client
from app.access.errors import Unauthenticated
from app.access.principal import ANONYMOUS, Principal

T = TypeVar("T")


class Wait:
    """The wait of one request. `seconds`: how long it may take. `sender`: the sender of the request."""

    def __init__(self, seconds: float, sender: Principal) -> None:
        self.seconds = seconds
        self.sender = sender
        self.revoked = asyncio.Event()

    async def result(self, request: Request, waiting: Coroutine[Any, Any, T]) -> T | None:
        """Run what waits for the client of a request. Returns its result, or None as soon as the client has left.

        A client that only sends no more looks the same as one that has left: the server cannot find out which it is without an answer.
        Raises Unauthenticated as soon as the access token of the client was revoked.
        """
        work = asyncio.create_task(waiting)
        tasks = (work, asyncio.create_task(_left(request)), asyncio.create_task(self.revoked.wait()))
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if self.revoked.is_set():
                raise Unauthenticated
            return work.result() if work.done() else None
        finally:
            for task in tasks:
                task.cancel()


NO_WAIT: Final = Wait(0, ANONYMOUS)


class Waits:
    """The requests that wait now. `admission`: counts each of them as a stream."""

    def __init__(self, admission: Admission) -> None:
        self._admission = admission
        self._waiting: set[Wait] = set()

    @contextmanager
    def admitted(self, client: Client, seconds: int, ends_at: float = math.inf) -> Iterator[Wait]:
        """Yield the wait of a request, which takes not longer than the client's access token is valid.

        `ends_at`: when there is nothing to wait for any more, in seconds since 1970-01-01 UTC. Until the context is left the wait is
        counted; see `Admission.admit`. A wait of no time is not counted.
        """
        if not seconds:
            yield NO_WAIT
            return
        leave = self._admission.admit(client)
        expires_at = client.principal.expires_at
        until = ends_at if expires_at is None else min(ends_at, expires_at)
        wait = Wait(min(seconds, max(0, until - time.time())), client.principal)
        self._waiting.add(wait)
        try:
            yield wait
        finally:
            self._waiting.discard(wait)
            leave()

    def revoke(self, accepts: Callable[[Principal], bool]) -> None:
        """End the waits of senders whose access tokens are no longer accepted. `accepts`: returns whether the token of a sender is."""
        for wait in self._waiting:
            if not accepts(wait.sender):
                wait.revoked.set()


async def _left(request: Request) -> None:
    while (await request.receive()).get("more_body", False):
        pass  # the body, which is of no use
    await request.receive()
