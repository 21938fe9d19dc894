"""The errors of access. The message of each error is a full sentence that a client may read.

OrdersEventsError
├── Refusal                      the request cannot be fulfilled; repeating it changes nothing
│   ├── Unauthenticated          there is no access token, or one that is not accepted
│   │   └── TokenExpired         the access token would be accepted if it had not expired a short time ago
│   └── Forbidden                the access token does not allow the request
│       └── InsufficientScope    the access token lacks the scope that the operation needs
└── LimitReached                 a limit is reached; repeating the request later may succeed
    ├── Overloaded               the server has as many streams as it may have
    └── TooManyRequests          the client publishes too fast, or has as many streams as it may have
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.access.reconnection import overloaded_seconds
from app.specification.errors import OrdersEventsError, Refusal

if TYPE_CHECKING:
    from app.access.principal import Principal


class Unauthenticated(Refusal):
    """Raised when a request has no access token, or one that is not accepted.

    The message is the same in every case, so that a client cannot find out which part of a forged token was right.
    """

    def __init__(self) -> None:
        super().__init__("The request needs a valid access token.")


class TokenExpired(Unauthenticated):
    """Raised when nothing is wrong with an access token but that it expired at most 10 minutes ago.

    `principal`: the sender as the token describes it; its `expires_at` has passed. A transport that cannot make use of that treats
    the error as Unauthenticated.
    """

    def __init__(self, principal: Principal) -> None:
        super().__init__()
        self.principal = principal


class Forbidden(Refusal):
    """Raised when the access token of a request is valid, and does not allow the request."""


class InsufficientScope(Forbidden):
    """Raised when an access token lacks the scope that the operation needs (RFC 6750 §3.1). `scope`: the scope that is needed."""

    def __init__(self, scope: str) -> None:
        super().__init__(f"The access token does not have the scope {scope!r}.")
        self.scope = scope


class LimitReached(OrdersEventsError):
    """Raised when a request would exceed a limit. `retry_after_seconds`: a whole number of seconds after which it may succeed."""

    def __init__(self, message: str, retry_after_seconds: int) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class Overloaded(LimitReached):
    """Raised when a stream would begin, and the server has as many streams as it may have."""

    def __init__(self) -> None:
        super().__init__("The server has as many open streams as it may have.", overloaded_seconds())


class TooManyRequests(LimitReached):
    """Raised when a client has as many streams as it may have, or publishes faster than it may."""


def too_many_streams() -> TooManyRequests:
    """Return the error for a stream of a client that has as many streams as it may have."""
    return TooManyRequests("This client has as many open streams as it may have.", overloaded_seconds())
