"""The calls in progress: errors become statuses, calls end with the access tokens of their clients, and the server waits for calls
before it stops.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Any, Final, TypeAlias

import grpc

from app.access.client import Client, described_client
from app.access.errors import Unauthenticated
from app.access.principal import Principal
from app.events.delivery.timing.expiries import Expiries
from app.events.errors import Draining
from app.metrics.tally import Tally
from app.specification.errors import OrdersEventsError
from app.transports.grpc.callers import Callers, Context
from app.transports.grpc.message_deadlines import MessageDeadlines
from app.transports.grpc.statuses import Statuses
from app.transports.grpc.unread_messages import UnreadMessages

Continued: TypeAlias = Callable[[Iterable[tuple[str, Any]]], AbstractContextManager[object]]
Handler: TypeAlias = Callable[[Any, Context, Client], Awaitable[Any]]
Answer: TypeAlias = Callable[[Any, Context], Awaitable[Any]]

BUSY_SECONDS: Final = 0.5  # after that, a call that answered a message when it was to end is looked at again


class Calls:
    """The calls of the service that are in progress.

    `callers`: finds out who calls. `statuses`: translates errors into statuses. `tally`: counts the calls. `continued`: returns a
    context in which the trace of a client continues, by the metadata of its call. `cuts`: see `MessageDeadlines` and
    `UnreadMessages`.
    """

    def __init__(
        self, callers: Callers, statuses: Statuses, tally: Tally, continued: Continued, cuts: Counter[str]
    ) -> None:
        self._callers = callers
        self._statuses = statuses
        self._tally = tally
        self._continued = continued
        self._waiting: dict[Context, None] = {}
        self._senders: dict[Context, Principal] = {}
        self._tokens = Expiries[Context](time.time, self._expire)
        self._endings: set[asyncio.Task[None]] = set()  # the event loop alone would not keep them alive
        self._none_running = asyncio.Event()
        self._none_running.set()
        self.deadlines = MessageDeadlines(self._abort_soon, cuts)
        self.unread = UnreadMessages(self._abort_soon, cuts)

    def answered(self, name: str, handler: Handler) -> Answer:
        """Return a handler for grpcio that passes a call on with its client, counts the call, and ends it with a status if an error is
        raised.

        grpcio alone would send the text of any error to the client. `name`: the method, for the log.
        """

        async def answer(request: Any, context: Context) -> Any:
            self._tally.grpc_calls += 1
            self._none_running.clear()
            client: Client | None = None
            try:
                with self._continued(context.invocation_metadata() or ()):
                    client = self._callers.client(context)
                    return await handler(request, context, client)
            except grpc.aio.BaseError:
                raise  # the call has ended: this side aborted it, or the client has gone
            except Exception as error:  # noqa: BLE001  # any error: it becomes the status of the call
                client = client or Client(address=self._callers.address(context))
                end(context, self._statuses.refusal(error, {"method": name, **described_client(client)}))
            finally:
                self._tally.grpc_calls -= 1
                if not self._tally.grpc_calls:
                    self._none_running.set()

        return answer

    @contextmanager
    def held_by(self, context: Context, sender: Principal) -> Iterator[None]:
        """Let a call end with the access token of its sender, although it waits for a message, until the context is left."""
        self._senders[context] = sender
        if sender.expires_at is not None:
            self._tokens.set(context, sender.expires_at)
        try:
            yield
        finally:
            del self._senders[context]
            self._tokens.forget(context)

    def revoke(self, accepts: Callable[[Principal], bool]) -> None:
        """End the calls of senders whose access tokens are no longer accepted. `accepts`: returns whether the token of a sender is."""
        for context, sender in self._senders.items():
            if not accepts(sender):
                self._tokens.set(context, 0)

    async def next_message(self, context: Context, seconds: float | None = None) -> Any:
        """Read the next message of a call; return grpc.aio.EOF after the last one. `drain` and `revoke` end a call that waits here.

        `seconds`: within which the message must come; None means that the client may take its time.
        """
        self._waiting[context] = None
        try:
            return await (context.read() if seconds is None else self.deadlines.read(context, seconds))
        finally:
            self._waiting.pop(context, None)

    async def drain(self) -> None:
        """End the calls that wait for a message of their client, and return when no call is in progress."""
        for context in tuple(self._waiting):
            await self._abort(context, Draining())
        await self._none_running.wait()

    def _expire(self, context: Context) -> None:
        if context in self._waiting:
            self._abort_soon(context, Unauthenticated())
        else:
            self._tokens.set(context, time.time() + BUSY_SECONDS)

    def _abort_soon(self, context: Context, error: OrdersEventsError) -> None:
        task = asyncio.create_task(self._abort(context, error))
        self._endings.add(task)
        task.add_done_callback(self._endings.discard)

    async def _abort(self, context: Context, error: OrdersEventsError) -> None:
        # The call cannot be ended by cancelling its task, as grpcio goes on writing to the memory of a read that is cancelled.
        with suppress(grpc.aio.BaseError):
            await context.abort_with_status(self._statuses.status(error))


def end(context: Context, status: grpc.Status) -> None:
    """Let a call end with a status as soon as its handler returns.

    `abort_with_status` would raise an error that the call refers to. This makes a cycle with all that the handler has in its variables,
    such as a request of 8 MiB, which then stays in memory until the next garbage collection.
    """
    context.set_code(status.code)
    context.set_details(status.details)
    context.set_trailing_metadata(status.trailing_metadata)
