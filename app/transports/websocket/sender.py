"""The sender of the messages on a WebSocket connection: how a client is authenticated, and which messages it may send.

A client sends its access token with the request that opens the connection, or in a message. Until then it is UNKNOWN.
"""

from __future__ import annotations

from typing import Final

from app.access.errors import Unauthenticated
from app.access.principal import READ, Principal
from app.access.tokens.authentication import Authentication
from app.transports.websocket.errors import AnotherSubject, CloseCode, ConnectionFault

UNKNOWN: Final = Principal(issuer="", subject="", scopes=frozenset())
"""The sender of a client that has not authenticated, although the server needs access tokens: it may do nothing."""

_OPEN_TO_ALL: Final = ("authenticate", "ping")


def authenticate(authentication: Authentication, token: str, before: Principal) -> Principal:
    """Return the sender that an access token in a message describes. `before`: the sender until now.

    Raises ConnectionFault if the token is not accepted, and AnotherSubject if it is of another subject: what was subscribed for one must
    not go on for another.
    """
    try:
        sender = authentication.authenticate(token)
    except Unauthenticated:
        raise _unauthenticated() from None
    if before is not UNKNOWN and (before.issuer, before.subject) != (sender.issuer, sender.subject):
        raise AnotherSubject
    return sender


def check_sender(sender: Principal, message_type: str) -> None:
    """Raise ConnectionFault if a client must authenticate before it sends a message of this type."""
    if sender is UNKNOWN and message_type not in _OPEN_TO_ALL:
        raise _unauthenticated()


def check_size(sender: Principal, size: int, maximum: int) -> None:
    """Raise ConnectionFault if a client that has not authenticated sends more than it needs to for that."""
    if sender is UNKNOWN and size > maximum:
        raise _unauthenticated()


def may_read_the_same(before: Principal, after: Principal) -> bool:
    """Return whether subscriptions can go on with a new token. Their filters were made for the events that the last one permits."""
    return before.permission == after.permission and (READ in before.scopes) == (READ in after.scopes)


def _unauthenticated() -> ConnectionFault:
    return ConnectionFault(CloseCode.UNAUTHENTICATED, "The connection needs a valid access token.")
