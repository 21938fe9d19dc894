"""The authentication of requests: which access tokens are accepted, and the sender that a token stands for.

A server has one `Authentication`. Every transport asks it before a request reaches the log: HTTP for the `Authorization` header or
the cookie, WebSocket for the token of the upgrade or of a message, gRPC for the metadata of a call.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Final, Protocol

from app.access.principal import ANONYMOUS, Principal

EXPIRED_SECONDS: Final = 600  # after that, a token that has expired is not better than a forged one


class Authentication(Protocol):
    """Decides whether an access token is accepted.

    `failures`: the number of refused tokens by reason. The reason is for the operator; clients are not given it.
    """

    failures: Counter[str]

    def authenticate(self, token: str | None) -> Principal:
        """Return the sender of a request that has this access token; None means that the request has no token.

        Raises TokenExpired if nothing is wrong with the token but that it expired at most 10 minutes ago, and Unauthenticated if it
        is not accepted for another reason.
        """
        ...

    def accepts_key_of(self, principal: Principal) -> bool:
        """Return whether tokens of the key that signed the token of `principal` are still accepted."""
        ...

    def on_keys_changed(self, call: Callable[[], None]) -> None:
        """Call a function whenever the keys have been replaced; `accepts_key_of` says for whom that makes a difference."""
        ...

    def keys_age_seconds(self) -> float | None:
        """Return the time since the keys were read; None if they are never read again."""
        ...


class NoAuthentication:
    """The authentication of a server without keys (a null object): every sender is `ANONYMOUS`, with a token and without one."""

    def __init__(self) -> None:
        self.failures: Counter[str] = Counter()

    def authenticate(self, token: str | None) -> Principal:  # noqa: ARG002  # without keys no token says anything
        return ANONYMOUS

    def accepts_key_of(self, principal: Principal) -> bool:  # noqa: ARG002  # without keys there is none to take back
        return True

    def on_keys_changed(self, call: Callable[[], None]) -> None:
        """Do nothing: there is no key."""

    def keys_age_seconds(self) -> float | None:
        return None
