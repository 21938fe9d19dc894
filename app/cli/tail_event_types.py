"""Complete the names of event types, as the server knows them."""

from __future__ import annotations

from typing import Any, Final

import click
import httpx
from click.shell_completion import CompletionItem

_SECONDS: Final = 1.0  # a shell waits for this with every press of the key


def complete_event_types(
    context: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[CompletionItem[str]]:
    """List the types that what was typed may become, behind a comma, too; none where no server answers."""
    before, comma, begun = incomplete.rpartition(",")
    names = _event_types(str(context.params.get("url") or ""))
    return [CompletionItem(f"{before}{comma}{name}") for name in names if name.startswith(begun)]


def _event_types(url: str) -> list[str]:
    try:
        listed: Any = httpx.get(f"{url}/event-types", timeout=_SECONDS, trust_env=False).json()
        return [each["eventType"] for each in listed["eventTypes"] if each["kind"] == "order"]
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, LookupError, TypeError):
        return []
