"""An HTTP request and its response as values; a request can be sent, or written as a curl command."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeAlias

import httpx

from app.check.foreign_json import read_json

Pairs: TypeAlias = tuple[tuple[str, str], ...]

EXCERPT_CHARACTERS: Final = 200
FOREIGN_HOST: Final = "orders-events-check.invalid"
FOREIGN_ORIGIN: Final = f"https://{FOREIGN_HOST}"  # of web pages that no operator has allowed
LONGEST_SHOWN: Final = 16 * 1024  # bytes of a body or a message that a command shows


class Repeatable(Protocol):
    """A request to the server under check, over any protocol, that can be repeated."""

    def command(self, base: str) -> str:
        """Return a shell command that sends this request to the server `base`."""


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request; `path` is relative to the URL of the server under check."""

    path: str
    parameters: Pairs = ()
    headers: Pairs = ()
    method: str = "GET"
    body: bytes | None = None

    def url(self, base: str) -> str:
        query = str(httpx.QueryParams(list(self.parameters)))
        return f"{base}{self.path}?{query}" if query else f"{base}{self.path}"

    def command(self, base: str) -> str:
        """Return the curl command that sends this request to the server `base`.

        A user name and a password in the URL are left out.
        """
        parts = ["curl", "-I" if self.method == "HEAD" else "-iN"]
        if self.method not in ("GET", "HEAD", "POST"):
            parts += ["-X", self.method]
        for name, value in self.headers:
            parts += ["-H", f"{name}: {value}"]
        if self.body is not None:
            parts += ["--data-binary", _shown(self.body)]
        return shlex.join([*parts, self.url(without_user(base))])


@dataclass(frozen=True, slots=True)
class Response:
    """A whole HTTP response: its status, headers and body, and the request that it belongs to."""

    request: Request
    status: int
    headers: httpx.Headers
    body: bytes

    @property
    def media_type(self) -> str:
        content_type: str = self.headers.get("content-type", "")
        return content_type.partition(";")[0].strip().lower()

    def json(self) -> Any:
        """Parse the body as JSON and return its value. Raises ValueError if the body is not JSON."""
        return read_json(self.body)

    def __str__(self) -> str:
        return f"{self.status} {self.media_type or 'without a type'}: {excerpt(self.body)}"


def _shown(body: bytes) -> str:
    size = len(body)
    return body.decode("utf-8", "backslashreplace") if size <= LONGEST_SHOWN else f"<a body of {size} bytes>"


def without_user(url: str) -> str:
    """Return a URL without its user name and password."""
    return str(httpx.URL(url).copy_with(userinfo=b"")).rstrip("/")


def excerpt(content: object) -> str:
    """Return the beginning of a value that a server sent, as one line of ASCII without control characters."""
    text = content.decode("latin-1") if isinstance(content, (bytes, bytearray)) else str(content)
    escaped = text[:EXCERPT_CHARACTERS].encode("unicode_escape").decode("ascii")
    return (
        escaped
        if len(escaped) <= EXCERPT_CHARACTERS and len(text) <= EXCERPT_CHARACTERS
        else f"{escaped[:EXCERPT_CHARACTERS]}..."
    )
