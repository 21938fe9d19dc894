"""What all WebSocket connections of one server share."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Final

from app.access.admission import Admission, Leave
from app.access.client import Client, described_client
from app.access.errors import LimitReached
from app.access.principal import Principal
from app.access.publish_rate import PublishLimit
from app.access.tokens.authentication import Authentication
from app.events.delivery.fan_out import FanOut
from app.events.delivery.timing.expiries import Expiries
from app.events.log.event_log import EventLog
from app.events.publishing.publish import Publisher
from app.metrics.tally import Tally
from app.specification.contracts import Contracts
from app.specification.deprecated_majors import DeprecatedMajors
from app.specification.openapi.statements.socket_contract import SocketContract
from app.transports.compression.shared_deflate import Steps
from app.transports.websocket.bounds import MessageRates, UnfinishedMessages
from app.transports.websocket.deadlines import Deadlines
from app.transports.websocket.errors import CloseCode, ConnectionFault
from app.transports.websocket.messages.client_messages import read_message
from app.transports.websocket.messages.server_messages import HEARTBEAT
from app.transports.websocket.messages.shared_messages import SharedMessages
from app.transports.websocket.sender import UNKNOWN
from app.transports.websocket.session import Session

REQUEST_MAXIMUM: Final = 2**31 - 1

_NOTHING: Final = ConnectionFault(CloseCode.NOT_IN_TIME, "Nothing was subscribed or published in time.")
_FAILED: Final = ConnectionFault(CloseCode.FAILED, "The server failed; the cause is in its log.")

_log = logging.getLogger(__name__)


class Sockets:
    """The parts of the server that WebSocket connections use, and what bounds all connections together.

    `authentication`: decides about the access tokens in messages. `admission`: limits the number of connections; `publish_limit`: what each
    client publishes. `contract`: the messages, and the limits of one connection; `contracts`: the events. `deprecated`: what is deprecated
    of what clients read. `publish_bytes`: the largest `publish`; `json_values`: the most values in a message. `problem`: returns the
    problem (RFC 9457) that belongs to an error, and logs the error with the given fields. `tally`:
    counts the connections. `compress`: whether messages are compressed for clients that offer it.
    """

    def __init__(
        self,
        contract: SocketContract,
        contracts: Contracts,
        *,
        deprecated: DeprecatedMajors,
        authentication: Authentication,
        admission: Admission,
        publish_limit: PublishLimit,
        log: EventLog,
        fan_out: FanOut,
        publisher: Publisher,
        problem: Callable[[Exception, Mapping[str, object]], Mapping[str, object]],
        tally: Tally,
        publish_bytes: int,
        json_values: int,
        compress: bool,
    ) -> None:
        self.contract = contract
        self.contracts = contracts
        self.deprecated = deprecated
        self.authentication = authentication
        self._admission = admission
        self.publish_limit = publish_limit
        self.log = log
        self.fan_out = fan_out
        self.publisher = publisher
        self._problem = problem
        self.tally = tally
        tally.websocket_closings.update({str(int(code)): 0 for code in CloseCode})
        self.message_bytes = publish_bytes
        self.json_values = json_values
        self.compress = compress
        self.steps = Steps()
        self.maxima = {"subscription": contract.subscriptions_maximum, "request": REQUEST_MAXIMUM}
        self.rates = MessageRates(contract.received_per_second_maximum)
        self.unfinished = UnfinishedMessages()
        self.first = Deadlines[Session](contract.first_message_seconds, lambda session: session.close(_NOTHING))
        self.silent = Deadlines[Session](fan_out.silence_seconds, lambda session: session.send(HEARTBEAT))
        self._tokens = Expiries[Session](time.time, lambda session: session.expire())
        self._sessions: dict[Session, Leave] = {}  # with what is to be called once the connection is lost
        self._messages: dict[int, SharedMessages] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._none_open = asyncio.Event()
        self._none_open.set()
        fan_out.call_each_tick(self._sweep)

    @property
    def is_draining(self) -> bool:
        return self.log.is_draining

    def read(self, text: bytes, client: Client) -> dict[str, Any]:
        """Read a message of a client. Raises ConnectionFault, and counts the message as published: only a `publish` can be large.

        A large message is not parsed if the client has sent more messages that were refused than it may publish.
        """
        try:
            if len(text) > self.contract.received_bytes_maximum:
                self.publish_limit.check_refused(client)
            return read_message(self.contract, text, self.json_values)
        except LimitReached as limit:
            raise ConnectionFault(CloseCode.OVERLOADED, str(limit)) from None
        except ConnectionFault:
            self.publish_limit.count_refused(client, len(text))
            raise

    def problem(self, error: Exception, client: Client) -> Mapping[str, object]:
        """Return the problem (RFC 9457) with which a message of a client is refused."""
        return self._problem(error, {"subject": "A message over WebSocket", **described_client(client)})

    def add(self, session: Session) -> None:
        """Begin with a connection that has switched to WebSocket."""
        self._sessions[session] = _do_nothing
        self.tally.websockets = len(self._sessions)
        self._none_open.clear()
        self.first.begin(session)
        self.silent.begin(session)
        self.note_token(session)
        try:
            self.admit(session)
        except ConnectionFault as fault:
            session.close(fault)

    def admit(self, session: Session) -> None:
        """Count a connection as a stream of its client, in place of what it was counted as before.

        Raises ConnectionFault if the client may have no more streams.
        """
        leave, self._sessions[session] = self._sessions[session], _do_nothing
        leave()
        try:
            self._sessions[session] = self._admission.admit(session.client)
        except LimitReached as limit:
            raise ConnectionFault(CloseCode.OVERLOADED, str(limit)) from None

    def note_token(self, session: Session) -> None:
        """Take note of when the access token of a connection expires, if it has one that does."""
        if session.principal.expires_at is not None:
            self._tokens.set(session, session.principal.expires_at)

    def forget(self, session: Session) -> None:
        """Wait for nothing more from a connection, because it has ended or is lost."""
        self.first.end(session)
        self.silent.end(session)
        self._tokens.forget(session)
        self.unfinished.note(session, 0, has_finished=False)

    def remove(self, session: Session) -> None:
        """Forget a connection that is lost."""
        self._sessions.pop(session, _do_nothing)()
        self.tally.stream_seconds["websocket"].observe(time.monotonic() - session.opened_at)
        self.tally.websockets = len(self._sessions)
        if not self._sessions:
            self._none_open.set()

    def revoke(self, is_valid: Callable[[Principal], bool]) -> None:
        """End the connections whose access tokens are no longer accepted. `is_valid`: returns whether the token of a sender is."""
        for session in self._sessions:
            if session.principal is not UNKNOWN and not is_valid(session.principal):
                self._tokens.set(session, 0)

    def messages(self, number: int) -> SharedMessages:
        """Return the messages that the subscriptions of this number on all connections share."""
        if number not in self._messages:
            self._messages[number] = SharedMessages(number, self.contract.sent_bytes_maximum, self.steps)
        return self._messages[number]

    def run(self, session: Session, work: Coroutine[Any, Any, None]) -> None:
        """Run work of a connection in the background, such as publishing, until it has ended."""
        task = asyncio.create_task(_run(session, work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def drain(self) -> None:
        """End every connection whose subscriptions have ended, and the others as soon as theirs have; return after the last one.

        The log must be draining already.
        """
        for session in tuple(self._sessions):
            session.close_if_drained()
        await self._none_open.wait()

    def _sweep(self, now: float) -> None:
        for deadlines in (self.first, self.silent, self.unfinished):
            deadlines.sweep(now)


def _do_nothing() -> None:
    """Stand for the function to call when a connection is lost, if it is not counted."""


async def _run(session: Session, work: Coroutine[Any, Any, None]) -> None:
    try:
        await work
    except Exception:  # noqa: BLE001  # any error: otherwise the connection would be open, and the client never get an answer
        _log.exception("A WebSocket connection cannot go on.")
        session.close(_FAILED)
