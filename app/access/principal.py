"""The sender of a request: who it is, and what it may do. A server without keys takes every sender for `ANONYMOUS`."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from app.access.errors import InsufficientScope

READ: Final = "orders:read"
PUBLISH: Final = "orders:publish"
OBSERVE: Final = "orders:observe"
SCOPES: Final = frozenset({READ, PUBLISH, OBSERVE})


@dataclass(frozen=True, slots=True)
class Permission:
    """The events that a principal may read and publish, by event type, by order id and by owner; None means all of them."""

    event_types: frozenset[str] | None = None
    order_ids: frozenset[str] | None = None
    owners: frozenset[str] | None = None

    @property
    def is_restricted(self) -> bool:
        """Whether there can be events that the principal may not see."""
        return not (self.event_types is None and self.order_ids is None and self.owners is None)


UNRESTRICTED: Final = Permission()


@dataclass(frozen=True, slots=True)
class Principal:
    """The sender of a request, as its access token describes it (RFC 9068).

    `issuer`, `subject`: together, the name of the sender. `scopes`: what the token allows, see SCOPES. `permission`: the events to
    which it is restricted. `expires_at`: when the token expires, in seconds since 1970-01-01 UTC; None means never.
    `key_thumbprint`: names the key that signed the token (RFC 7638).
    """

    issuer: str
    subject: str
    scopes: frozenset[str]
    permission: Permission = UNRESTRICTED
    expires_at: float | None = None
    key_thumbprint: str | None = None

    def require(self, scope: str) -> None:
        """Check that the token of the sender has a scope. Raises InsufficientScope."""
        if scope not in self.scopes:
            raise InsufficientScope(scope)


ANONYMOUS: Final = Principal(issuer="", subject="", scopes=SCOPES)


def pseudonym(principal: Principal) -> str:
    """Return a name of a principal for logs, which does not show its subject: 16 hexadecimal digits.

    They begin the SHA-256 of the issuer, a newline and the subject, so that an operator can find the lines of a known subject.
    """
    return sha256(f"{principal.issuer}\n{principal.subject}".encode()).hexdigest()[:16]
