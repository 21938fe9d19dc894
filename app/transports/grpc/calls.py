"""The calls in progress: errors become statuses, and the server waits for calls before it stops."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import AbstractContextManager, suppress
from typing import Any, TypeAlias

import grpc

from app.events.errors import Draining
from app.metrics.tally import Tally
from app.transports.grpc.callers import Context
from app.transports.grpc.statuses import Statuses

Continued: TypeAlias = Callable[[Iterable[tuple[str, Any]]], AbstractContextManager[object]]
Handler: TypeAlias = Callable[[Any, Context], Awaitable[Any]]


class Calls:
    """The calls of the service that are in progress.

    `statuses`: translates errors into statuses. `tally`: counts the calls. `continued`: returns a
    context in which the trace of a client continues, by the metadata of its call.
    """

    def __init__(self, statuses: Statuses, tally: Tally, continued: Continued) -> None:
        self._statuses = statuses
        self._tally = tally
        self._continued = continued
        self._waiting: dict[Context, None] = {}
        self._none_running = asyncio.Event()
        self._none_running.set()

    def answered(self, name: str, handler: Handler) -> Handler:
        """Return a handler for grpcio that calls the given one, counts the call, and ends it with a status if an error is raised.

        grpcio alone would send the text of any error to the client. `name`: the method, for the log.
        """

        async def answer(request: Any, context: Context) -> Any:
            self._tally.grpc_calls += 1
            self._none_running.clear()
            try:
                with self._continued(context.invocation_metadata() or ()):
                    return await handler(request, context)
            except grpc.aio.BaseError:
                raise  # the call has ended: this side aborted it, or the client has gone
            except Exception as error:  # noqa: BLE001  # any error: it becomes the status of the call
                end(context, self._statuses.refusal(error, name))
            finally:
                self._tally.grpc_calls -= 1
                if not self._tally.grpc_calls:
                    self._none_running.set()

        return answer

    async def next_message(self, context: Context) -> Any:
        """Read the next message of a call; return grpc.aio.EOF after the last one. `drain` ends a call that waits here."""
        self._waiting[context] = None
        try:
            return await context.read()
        finally:
            self._waiting.pop(context, None)

    async def drain(self) -> None:
        """End the calls that wait for a message of their client, and return when no call is in progress."""
        for context in tuple(self._waiting):
            # The call cannot be ended by cancelling its task, as grpcio goes on writing to the memory of a read that is cancelled.
            with suppress(grpc.aio.BaseError):
                await context.abort_with_status(self._statuses.status(Draining()))
        await self._none_running.wait()


def end(context: Context, status: grpc.Status) -> None:
    """Let a call end with a status as soon as its handler returns.

    `abort_with_status` would raise an error that the call refers to. This makes a cycle with all that the handler has in its variables,
    such as a request of 8 MiB, which then stays in memory until the next garbage collection.
    """
    context.set_code(status.code)
    context.set_details(status.details)
    context.set_trailing_metadata(status.trailing_metadata)
