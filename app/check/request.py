"""A request as a value: it can be sent, and shown as the command that repeats it."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import httpx

from app.check.foreign_json import read_json

Pairs: TypeAlias = tuple[tuple[str, str], ...]

SHOWN_CHARACTERS: Final = 200


@dataclass(frozen=True, slots=True)
class Request:
    """What to ask a server for; `path` is relative to its URL."""

    path: str
    parameters: Pairs = ()
    headers: Pairs = ()
    method: str = "GET"
    body: bytes | None = None

    def url(self, base: str) -> str:
        query = str(httpx.QueryParams(list(self.parameters)))
        return f"{base}{self.path}?{query}" if query else f"{base}{self.path}"

    def curl(self, base: str) -> str:
        """Write the command that sends this request; a password in the URL is left out."""
        parts = ["curl", "-I" if self.method == "HEAD" else "-iN"]
        if self.method not in ("GET", "HEAD", "POST"):
            parts += ["-X", self.method]
        for name, value in self.headers:
            parts += ["-H", f"{name}: {value}"]
        if self.body is not None:
            parts += ["--data-binary", self.body.decode()]
        return shlex.join([*parts, self.url(without_user(base))])


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer to a request."""

    request: Request
    status: int
    headers: httpx.Headers
    body: bytes

    @property
    def media_type(self) -> str:
        content_type: str = self.headers.get("content-type", "")
        return content_type.partition(";")[0].strip().lower()

    def json(self) -> Any:
        """Read the body as JSON. Raises ValueError."""
        return read_json(self.body)

    def __str__(self) -> str:
        return f"{self.status} {self.media_type or 'without a type'}: {shown(self.body)}"


def without_user(url: str) -> str:
    """Take name and password out of a URL."""
    return str(httpx.URL(url).copy_with(userinfo=b"")).rstrip("/")


def shown(content: object) -> str:
    """Show the beginning of what a server sent, in one line of ASCII that no terminal acts on."""
    text = content.decode("latin-1") if isinstance(content, (bytes, bytearray)) else str(content)
    escaped = text[:SHOWN_CHARACTERS].encode("unicode_escape").decode("ascii")
    return (
        escaped
        if len(escaped) <= SHOWN_CHARACTERS and len(text) <= SHOWN_CHARACTERS
        else f"{escaped[:SHOWN_CHARACTERS]}..."
    )
