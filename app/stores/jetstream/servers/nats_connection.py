"""The connection of a node to the NATS servers, which is made again as often as it breaks.

No credential is in an error or a log line of this module: the file with the credentials is read when a server asks, and
servers are named by host and port.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from nats import errors as nats_errors
from nats.aio.msg import Msg

from app.events.errors import StoreRefused
from app.stores.jetstream.errors import Forbidden, NatsError, NoResponder, TooLarge, Unanswered
from app.stores.jetstream.servers.nats_client import NatsClient, OutgoingMessage, PushedMessage
from app.stores.jetstream.servers.nats_servers import NatsServers
from app.stores.jetstream.servers.open_requests import OpenRequests

_log = logging.getLogger(__name__)

CONNECT_SECONDS: Final = 5.0
RECONNECT_SECONDS: Final = 0.1  # between two attempts at one server: an election takes longer than this
PING_SECONDS: Final = 1  # a server that is paused or cut off is left after two pings without an answer
BUFFER_BYTES: Final = 16 << 20  # what may wait to be sent; more makes `publish` wait, or fail while not connected
_HEADER_BYTES: Final = 256  # at most that many are sent with a payload, and count with it
# nats-py writes an error in lower case.
_FORBIDDEN = re.compile(r'permissions violation for (publish|subscription) to "(.+?)"')


class NatsConnection:
    """A connection to one of several NATS servers, with requests and their answers.

    `on_reconnect`: functions that are called after each interruption, when messages may have been missed, and at the end.
    `interruptions`: how often the connection broke.
    """

    def __init__(self, servers: NatsServers) -> None:
        self.on_reconnect: set[Callable[[], None]] = set()
        self.interruptions = 0
        self.closed = False
        self._is_open = False
        self._servers = servers
        self._client = NatsClient()
        self._inbox = ""
        self._requests = OpenRequests()
        self._failure: Exception | None = None
        self._replacement: asyncio.Task[None] | None = None

    async def open(self, seconds: float = CONNECT_SECONDS) -> None:
        """Connect to one of the servers. Raises StoreRefused if that is not possible in time."""
        try:
            await self._connect(seconds)
        except (OSError, ValueError, NatsError, nats_errors.Error) as error:
            raise StoreRefused(f"The NATS servers {self._servers} cannot be used: {_reason(error)}.") from None

    @property
    def server_version(self) -> tuple[int, int, int]:
        version = self._client.connected_server_version
        return version.major, version.minor, version.patch

    @property
    def max_payload(self) -> int:
        """The number of bytes that a message may have, with its headers."""
        return self._client.max_payload

    def new_inbox(self) -> str:
        """Return a subject that only this connection subscribes to."""
        return self._client.new_inbox()

    async def subscribe(self, subject: str, receive: Callable[[PushedMessage], None]) -> Callable[[], Awaitable[None]]:
        """Call a function for each message with a subject. Returns a function that ends this. Raises Unanswered."""
        client = self._client
        try:
            subscription = await client.subscribe(subject)
        except nats_errors.Error as error:
            raise Unanswered(_sentence(error)) from None
        client.receivers[subscription._id] = receive  # noqa: SLF001 - messages come with this number

        async def unsubscribe() -> None:
            del client.receivers[subscription._id]  # noqa: SLF001 - as above
            with contextlib.suppress(nats_errors.Error):  # it has ended with its connection
                await subscription.unsubscribe()

        return unsubscribe

    async def publish(self, subject: str) -> None:
        """Send a message without a payload; if the connection is interrupted, once it is back. Raises Unanswered if that is not
        possible.
        """
        try:
            await self._client.publish(subject)
        except nats_errors.Error as error:
            raise Unanswered(_sentence(error)) from None

    async def publish_all(self, messages: Sequence[OutgoingMessage]) -> None:
        """Send messages, which the servers receive in this order. Raises Unanswered if the connection is interrupted, or TooLarge."""
        for message in messages:
            self._check_size(message.payload)
        try:
            await self._client.publish_all(messages)
        except nats_errors.Error as error:
            raise Unanswered(_sentence(error)) from None

    async def request(
        self, subject: str, payload: bytes, headers: dict[str, str] | None = None, *, seconds: float
    ) -> Msg:
        """Send a message, and return the answer. Raises Unanswered, NoResponder, Forbidden or TooLarge."""
        self._check_size(payload)
        with self._requests.begin(subject) as (number, answer):
            try:
                async with asyncio.timeout(seconds):
                    await self._client.publish(subject, payload, f"{self._inbox}.{number}", headers)
                    message = await answer
            except TimeoutError:
                raise Unanswered(f"No answer came within {seconds} seconds.") from None
            except nats_errors.Error as error:
                raise Unanswered(_sentence(error)) from None
        if message.headers and message.headers.get("Status") == "503":
            raise NoResponder(subject)
        return message

    async def close(self) -> None:
        """End the connection. Requests that wait for an answer raise Unanswered."""
        self.closed = True
        if self._replacement:
            self._replacement.cancel()
        self._requests.fail(Unanswered("The connection is closed."))
        if self._is_open:
            await self._client.close()
        await self._on_reconnect()

    async def _connect(self, seconds: float) -> None:
        client = NatsClient()
        options = self._servers.options()
        self._failure = None
        starting = asyncio.create_task(self._start(client, options))
        try:
            await asyncio.wait({starting}, timeout=seconds)
            self._check(starting)
        except BaseException:
            await _end(starting)
            await client.close()
            raise
        self._client, self._is_open = client, True

    def _check(self, starting: asyncio.Task[None]) -> None:
        """Raise an error if an attempt to connect failed, or is not over yet."""
        if not starting.done():
            raise self._failure or Unanswered("none answered in time")
        starting.result()

    async def _start(self, client: NatsClient, options: dict[str, Any]) -> None:
        async def closed() -> None:
            if client is self._client and not self.closed:
                self._replacement = asyncio.create_task(self._replace())

        async def disconnected() -> None:
            client.forget_unsent()  # else events could be stored in a stream that was restored meanwhile
            await self._on_disconnect()

        await client.connect(
            list(self._servers.urls),
            error_cb=self._on_error,
            disconnected_cb=disconnected,
            reconnected_cb=self._on_reconnect,
            closed_cb=closed,
            lame_duck_mode_cb=client.force_reconnect,
            max_reconnect_attempts=-1,
            reconnect_time_wait=RECONNECT_SECONDS,  # type: ignore[arg-type] # it is passed to `sleep`
            ping_interval=PING_SECONDS,
            pending_size=BUFFER_BYTES,
            **options,
        )
        self._inbox = client.new_inbox()
        await client.subscribe(f"{self._inbox}.*", cb=self._on_answer)
        for _ in range(2):  # the first ping may overtake the subscription on the way out of nats-py
            await client.flush()
        if self._failure and _forbids(self._failure, "subscription", f"{self._inbox}.*"):
            raise Forbidden("subscribe", self._inbox)

    async def _on_answer(self, message: Msg) -> None:
        self._requests.answer(message.subject.removeprefix(f"{self._inbox}."), message)

    async def _on_error(self, error: Exception) -> None:
        self._failure = error
        for subject in self._requests.subjects:
            if _forbids(error, "publish", subject):
                _log.error("The NATS server does not permit a request", extra={"fields": {"subject": subject}})
                self._requests.fail(Forbidden("publish", subject), subject)

    async def _on_disconnect(self) -> None:
        self.interruptions += 1
        self._requests.fail(Unanswered("The connection to the NATS server broke."))
        if self._is_open and not self.closed:
            _log.warning("The connection to the NATS server is interrupted")

    async def _on_reconnect(self) -> None:
        for notify in tuple(self.on_reconnect):
            notify()

    async def _replace(self) -> None:
        """Replace a client that nats-py has given up, as it does if a server does not accept the credentials any more."""
        while not self.closed:
            await asyncio.sleep(1)
            try:
                await self._connect(CONNECT_SECONDS)
            except (OSError, ValueError, NatsError, nats_errors.Error) as error:
                _log.warning("No NATS server can be used", extra={"fields": {"reason": _reason(error)}})
            else:
                await self._on_reconnect()
                return

    def _check_size(self, payload: bytes) -> None:
        """Raise TooLarge if a server would refuse a message; it would close the connection, too."""
        if len(payload) > self.max_payload - _HEADER_BYTES:
            raise TooLarge(len(payload), self.max_payload)


async def _end(starting: asyncio.Task[None]) -> None:
    """End an attempt to connect. nats-py may swallow a cancellation, and would then try for ever."""
    while not starting.done():
        starting.cancel()
        await asyncio.wait({starting}, timeout=0.1)


def _forbids(error: Exception, action: str, subject: str) -> bool:
    match = _FORBIDDEN.search(str(error))
    return match is not None and match.groups() == (action, subject.lower())


def _reason(error: Exception) -> str:
    return str(error).removeprefix("nats: ").rstrip(".") or type(error).__name__


def _sentence(error: Exception) -> str:
    return f"{_reason(error).capitalize()}."
