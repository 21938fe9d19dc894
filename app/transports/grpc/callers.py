"""The clients that send calls: their access tokens, which are in the metadata of a call, and their addresses."""

from __future__ import annotations

from typing import Any, Final, TypeAlias
from urllib.parse import unquote

import grpc

from app.access.client import Client
from app.access.forwarded import TrustedProxies
from app.access.tokens.authentication import Authentication
from app.access.tokens.authorization_header import read_authorization

Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"

_AUTHORIZATION: Final = "authorization"
_FORWARDED: Final = ("x-forwarded-for", "forwarded")


class Callers:
    """Finds out which client sends a call. `authentication`: decides about access tokens. `proxies`: see `TrustedProxies`."""

    def __init__(self, authentication: Authentication, proxies: TrustedProxies) -> None:
        self._authentication = authentication
        self._proxies = proxies

    def client(self, context: Context) -> Client:
        """Return the client that sends a call. Raises Unauthenticated if its access token is not accepted, or no longer."""
        [authorization] = _values(context, _AUTHORIZATION)
        return Client(self._authentication.authenticate(read_authorization(authorization)), self.address(context))

    def address(self, context: Context) -> str | None:
        """Return the IP address of the client that sends a call; None if it is not known, or is that of a trusted proxy."""
        return self._proxies.client_address(_peer(context), *_values(context, *_FORWARDED))


def _values(context: Context, *names: str) -> list[list[str]]:
    """Return the values of each of these names in the metadata of a call."""
    metadata = context.invocation_metadata() or ()
    return [[str(value) for key, value in metadata if key == name] for name in names]


def _peer(context: Context) -> str | None:
    """Return the IP address from which a call comes; None if it does not come over IP.

    https://github.com/grpc/grpc/blob/master/doc/naming.md says how gRPC writes addresses; an IPv6 one is percent-encoded, too.
    """
    scheme, _, address = unquote(context.peer()).partition(":")
    if scheme not in ("ipv4", "ipv6"):
        return None
    return address.rpartition(":")[0].strip("[]")
