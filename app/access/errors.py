"""The errors of access. The message of each error is a full sentence that a client may read.

OrdersEventsError
└── Refusal                  the request cannot be fulfilled; repeating it changes nothing
    ├── Unauthenticated      there is no access token, or one that is not accepted
    └── Forbidden            the access token does not allow the request
"""

from __future__ import annotations

from app.specification.errors import Refusal


class Unauthenticated(Refusal):
    """Raised when a request has no access token, or one that is not accepted.

    The message is the same in every case, so that a client cannot find out which part of a forged token was right.
    """

    def __init__(self) -> None:
        super().__init__("The request needs a valid access token.")


class Forbidden(Refusal):
    """Raised when the access token of a request is valid, and does not allow the request."""
