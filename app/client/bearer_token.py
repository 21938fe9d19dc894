"""The access token of a client, and the header that carries it."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from inspect import isawaitable
from typing import Any, Final, TypeAlias

import httpx

from .protocol.retries import TransientError

Token: TypeAlias = str | Callable[[], str]
AsyncToken: TypeAlias = str | Callable[[], str | Awaitable[str]]

_TOKEN: Final = re.compile(r"[A-Za-z0-9\-._~+/]+=*")  # RFC 6750 §2.1
_FAILURES: Final = (OSError, httpx.TransportError)  # of a token function that asks another server


class BearerToken:
    """The access token that requests carry.

    `token`: the token, a function that returns it, or None for requests without a token. A function is called before each request, and
    may be asynchronous if only `headers_async` is used.

    The attribute `can_change` says whether another request may carry another token.
    """

    def __init__(self, token: Token | AsyncToken | None = None) -> None:
        self._token = token
        self.can_change = callable(token)

    def headers(self) -> dict[str, str]:
        """Return the header that carries the token; no header if there is no token.

        Raises TransientError if the function could not reach a server (OSError, httpx.TransportError), ValueError if the token cannot
        be sent in a header, and all other errors of the function as they are.
        """
        try:
            return _headers(self._token() if callable(self._token) else self._token)
        except _FAILURES as error:
            raise _no_token(error) from error

    async def headers_async(self) -> dict[str, str]:
        """Do the same for asyncio."""
        try:
            token = self._token() if callable(self._token) else self._token
            return _headers(await token if isawaitable(token) else token)
        except _FAILURES as error:
            raise _no_token(error) from error


def is_token(text: str) -> bool:
    """Return whether a text can be sent as an access token."""
    return _TOKEN.fullmatch(text) is not None


def _headers(token: Any) -> dict[str, str]:
    if token is None:
        return {}
    if not isinstance(token, str) or not is_token(token):
        # The token is not shown: messages of errors are often logged.
        raise ValueError("The access token must be a string of letters, digits and -._~+/ with = at the end only.")
    return {"Authorization": f"Bearer {token}"}


def _no_token(error: Exception) -> TransientError:
    reason = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return TransientError(f"There is no access token ({reason}).")
