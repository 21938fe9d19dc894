"""What each message of a client does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from app.access.errors import TooManyRequests
from app.access.permitted_events import publishable_events
from app.events.delivery.timing.endings import TOKEN_EXPIRED
from app.transports.websocket.errors import ConnectionFault, InvalidMessage
from app.transports.websocket.messages import server_messages
from app.transports.websocket.messages.client_messages import PUBLISH, check_message, numbers_of
from app.transports.websocket.publications import Publications
from app.transports.websocket.sender import UNKNOWN, authenticate, check_sender, check_size, may_read_the_same

if TYPE_CHECKING:
    from app.transports.websocket.session import Session
    from app.transports.websocket.sockets import Sockets


class Asked(NamedTuple):
    """A message that follows the contract. `numbers`: see `numbers_of`. `size`: of its text in bytes."""

    message: dict[str, Any]
    numbers: dict[str, int]
    size: int


def handle(session: Session, sockets: Sockets, text: bytes) -> None:
    """Read a message, and do what it asks for, or answer with a problem. Raises ConnectionFault if the connection must end."""
    check_size(session.principal, len(text), sockets.contract.received_bytes_maximum)
    message = sockets.read(text, session.client)
    numbers = numbers_of(message, sockets.maxima)
    try:
        check_sender(session.principal, message["type"])
        _check_form(session, sockets, message, len(text))
        _BY_TYPE[message["type"]](session, sockets, Asked(message, numbers, len(text)))
    except ConnectionFault:
        raise
    except Exception as error:  # noqa: BLE001  # any error: it is logged if it is not expected, and the client gets a problem
        session.refuse(error, numbers)


def _check_form(session: Session, sockets: Sockets, message: dict[str, Any], size: int) -> None:
    """Raise InvalidMessage if a message does not follow the schema of its type. A `publish` is counted as published all the same."""
    try:
        check_message(sockets.contract, message)
    except InvalidMessage:
        if message["type"] == PUBLISH:
            sockets.publish_limit.count_refused(session.client, size)
        raise


def _authenticate(session: Session, sockets: Sockets, asked: Asked) -> None:
    before = session.principal
    now = authenticate(sockets.authentication, asked.message["token"], before)
    session.client = session.client._replace(principal=now)
    sockets.note_token(session)
    sockets.admit(session)
    if before is not UNKNOWN and not may_read_the_same(before, now):
        session.subscriptions.end(TOKEN_EXPIRED)


def _subscribe(session: Session, sockets: Sockets, asked: Asked) -> None:
    sockets.first.end(session)
    session.subscriptions.subscribe(asked.message)


def _unsubscribe(session: Session, _sockets: Sockets, asked: Asked) -> None:
    session.subscriptions.unsubscribe(asked.message["subscription"])


def _publish(session: Session, sockets: Sockets, asked: Asked) -> None:
    sockets.first.end(session)
    try:
        sockets.publish_limit.count(session.client, len(asked.message["events"]), asked.size)
    except TooManyRequests:
        sockets.publish_limit.count_in_vain(session.client, asked.size)
        raise
    permitted = publishable_events(session.principal)
    if session.publications is None:
        session.publications = Publications(session, sockets)
    session.publications.add(asked.message, permitted)


def _ping(session: Session, _sockets: Sockets, asked: Asked) -> None:
    session.send(server_messages.pong(asked.numbers))


_BY_TYPE: Final[Mapping[str, Callable[[Session, Sockets, Asked], None]]] = {
    "authenticate": _authenticate,
    "subscribe": _subscribe,
    "unsubscribe": _unsubscribe,
    PUBLISH: _publish,
    "ping": _ping,
}
