"""Write the shell commands that the documentation pages show."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

from app.specification.openapi.deployment import DEFAULT_URL

ORIGIN: Final = DEFAULT_URL
"""The default address of a server. It is replaced by the address under which the reader sees the page."""


def read_command(path: str, *, streams: bool = False, query: str = "") -> str:
    """Return a curl command that sends a GET request.

    `streams`: whether curl must show each event as soon as it arrives, because the response is a stream.
    """
    address = f"{ORIGIN}{path}{'?' if query else ''}{query}"
    return f"curl {'-N ' if streams else ''}{quoted(address)}\n"


def publish_command(path: str, body: Any) -> str:
    """Return a curl command that publishes events: a POST request with `body` as JSON."""
    text = json.dumps(body, separators=(",", ":"))
    return f"curl {quoted(ORIGIN + path)} -H 'Content-Type: application/json' \\\n  -d {quoted(text)}\n"


def filled(path: str, parameters: Mapping[str, Any]) -> str:
    """Return a path template with its parameters replaced by the given values, percent-encoded."""
    for name, value in parameters.items():
        path = path.replace(f"{{{name}}}", quote(str(value), safe=""))
    return path


def query_of(parameter: Mapping[str, Any], value: Any) -> str:
    """Return a query parameter as it is written in a URL; a list becomes one `name=value` for each item (`explode: true`)."""
    texts = map(str, value) if isinstance(value, list) else [json.dumps(value).strip('"')]
    return "&".join(f"{parameter['name']}={quote(text, safe=',:')}" for text in texts)


def quoted(text: str) -> str:
    """Return a string in quotes for a shell; also a string that needs no quotes, so that a reader sees where it ends."""
    return "'" + text.replace("'", "'\"'\"'") + "'"
