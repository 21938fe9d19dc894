"""Write the shell commands that the pages show."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

ORIGIN: Final = "http://127.0.0.1:8000"
"""The default address of a server. It is replaced by the address under which the reader sees the page."""


def read_command(path: str, *, streams: bool = False, query: str = "") -> str:
    """Write a command that reads. `streams`: whether to show each event as soon as it comes."""
    address = f"{ORIGIN}{path}{'?' if query else ''}{query}"
    return f"curl {'-N ' if streams else ''}{quoted(address)}\n"


def publish_command(path: str, body: Any) -> str:
    """Write a command that publishes."""
    text = json.dumps(body, separators=(",", ":"))
    return f"curl {quoted(ORIGIN + path)} -H 'Content-Type: application/json' \\\n  -d {quoted(text)}\n"


def filled(path: str, parameters: Mapping[str, Any]) -> str:
    """Replace the parameters in a path template by values."""
    for name, value in parameters.items():
        path = path.replace(f"{{{name}}}", quote(str(value), safe=""))
    return path


def query_of(parameter: Mapping[str, Any], value: Any) -> str:
    """Write a query parameter with a value, as in an address; it is repeated for each item of a list (`explode: true`)."""
    texts = map(str, value) if isinstance(value, list) else [json.dumps(value).strip('"')]
    return "&".join(f"{parameter['name']}={quote(text, safe=',:')}" for text in texts)


def quoted(text: str) -> str:
    """Quote a text for a shell, even if it needs no quotes, to show where it ends."""
    return "'" + text.replace("'", "'\"'\"'") + "'"
