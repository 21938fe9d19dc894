"""The errors of the WebSocket transport.

OrdersEventsError
├── Refusal
│   ├── OriginNotAllowed      a web page of another origin asks for a connection
│   ├── InvalidMessage        a message of the client does not follow the contract
│   ├── SubscriptionInUse     the number of a new subscription belongs to an open one
│   └── AnotherSubject        a new access token is of another subject than the connection
└── UpgradeUnavailable        the server in use cannot switch connections to WebSocket
ConnectionFault               the connection must end, with a close code
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import NamedTuple

from app.access.errors import Forbidden
from app.specification.errors import OrdersEventsError, Refusal


class OriginNotAllowed(Refusal):
    """Raised when a web page of an origin that the operator has not allowed asks for a connection."""

    def __init__(self) -> None:
        super().__init__("Web pages of this origin may not open a WebSocket connection to this server.")


class UpgradeUnavailable(OrdersEventsError):
    """Raised when the ASGI server in use cannot switch a connection to WebSocket: it is not the one in `app/server`."""

    def __init__(self) -> None:
        super().__init__("The server cannot switch connections to WebSocket; it must be run by `orders-events serve`.")


class MemberViolation(NamedTuple):
    """A member of a message that does not follow the contract, and the reason."""

    name: str
    message: str


class InvalidMessage(Refusal):
    """Raised when a message of the client does not follow the contract. `violations`: the first of them."""

    def __init__(self, violations: Sequence[MemberViolation]) -> None:
        count = "1 member" if len(violations) == 1 else f"{len(violations)} members"
        super().__init__(f"{count} of the message {'is' if len(violations) == 1 else 'are'} not as the contract says.")
        self.violations = violations


class SubscriptionInUse(Refusal):
    """Raised when a client subscribes with the number of a subscription that is still open."""

    def __init__(self, number: int) -> None:
        super().__init__(
            f"Subscription {number} of this connection is still open; choose another number, or unsubscribe first."
        )


class AnotherSubject(Forbidden):
    """Raised when the access token in a message is of another subject than the connection."""

    def __init__(self) -> None:
        super().__init__("The access token is of another subject than the one that this connection belongs to.")


class CloseCode(IntEnum):
    """The codes with which the server ends a connection; the contract lists them for clients (`x-close-codes`)."""

    BINARY = 1003
    NOT_UTF8 = 1007
    TOO_LARGE = 1009
    FAILED = 1011
    DRAIN = 1012
    OVERLOADED = 1013
    NOT_A_MESSAGE = 4400
    UNAUTHENTICATED = 4401
    NOT_IN_TIME = 4408
    TOO_MANY_MESSAGES = 4429


class ConnectionFault(Exception):
    """Raised when a connection must end. `code` and `reason` are sent to the client; the reason has at most 123 bytes in UTF-8,
    and is cut if it is longer.
    """

    def __init__(self, code: CloseCode, reason: str) -> None:
        super().__init__(f"{code} {reason}")
        self.code = code
        self.reason = reason
