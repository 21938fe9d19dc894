"""The formats of `tail`: parse the value of --since, print an event as a line, and complete event types in a shell."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final, TypeAlias

import click
import httpx
from click.shell_completion import CompletionItem

from app.cli.output.terminal import Paint, one_line
from app.client import OrderEvent
from app.client.bearer_token import BearerToken
from app.client.endpoint import new_client
from app.client.protocol.retries import TransientError

_UNITS: Final = {"w": "weeks", "d": "days", "h": "hours", "m": "minutes", "s": "seconds"}
_SPAN: Final = re.compile(r"(?:[0-9]{1,6}[wdhms])+")
_PART: Final = re.compile(r"([0-9]+)([wdhms])")

_COLOURS: Final = ("green", "red", "cyan", "magenta", "yellow", "blue")
_TIME: Final = "when"
_KEY: Final = "orderId"
_TYPE_COLUMNS: Final = 16
_GAP: Final = "  "

_Part: TypeAlias = tuple[str, str]  # a text, and its colour or ""

_COMPLETION_SECONDS: Final = 1.0  # the user waits for the request each time that the Tab key is pressed


def read_since(_context: click.Context, _parameter: click.Parameter, text: str | None) -> str | timedelta | None:
    """Parse a duration such as 10m, 2h30m or 7d. Any other string is returned unchanged, for the server to parse. Called by click."""
    if text is None or not _SPAN.fullmatch(text):
        return text
    return sum((timedelta(**{_UNITS[unit]: int(count)}) for count, unit in _PART.findall(text)), timedelta())


def json_line(event: OrderEvent, _paint: Paint, _width: int | None) -> str:
    """Return the id, the type and the data of an event as a line of JSON, for programs."""
    return json.dumps({"id": event.id, "eventType": event.event_type, "data": event.data})


def text_line(event: OrderEvent, paint: Paint, width: int | None) -> str:
    """Return an event as a line of text, for people: its time, type and key, the other members of its data, and its id.

    `paint`: colours a part of the line. `width`: the columns of the terminal, into which the line is fitted: the other members are cut
    first, then the end of the line; None if the output is not a terminal, and nothing is cut.
    """
    name, key_name = one_line(event.event_type), _key_name(event.data)
    parts = [
        (_shown(event.data.get(_TIME, "")), "dim"),
        (f"{name:{_TYPE_COLUMNS}}", _colour(name)),
        (_shown(event.data.get(key_name, "")), ""),
        *((f"{each}={_shown(value)}", "") for each, value in event.data.items() if each not in (_TIME, key_name)),
        (one_line(event.id), "dim"),
    ]
    if width is not None:
        parts = _fitted(parts, width)
    return _GAP.join(paint(text, colour) if colour else text for text, colour in parts)


def _key_name(data: Mapping[str, Any]) -> str:
    """Return the member of the data that has the key: `orderId`, or in another contract, of which `tail` has no copy, the first such name."""
    return _KEY if _KEY in data else next((name for name in data if name.endswith("Id")), "")


def _fitted(parts: list[_Part], width: int) -> list[_Part]:
    """Return the parts of a line, cut so that the line has at most `width` columns."""
    begin, others, end = parts[:3], _GAP.join(text for text, _ in parts[3:-1]), parts[-1]
    fixed = len(_GAP.join(text for text, _ in [*begin, end]))
    if fixed > width:
        return _cut(begin, width)
    room = width - fixed - len(_GAP)
    return [*begin, *([(_shortened(others, room), "")] if others and room > 0 else []), end]


def _cut(parts: list[_Part], width: int) -> list[_Part]:
    kept: list[_Part] = []
    for text, colour in parts:
        if width <= 0:
            break
        kept.append((_shortened(text, width), colour))
        width -= len(text) + len(_GAP)
    return kept


def _shortened(text: str, columns: int) -> str:
    return text if len(text) <= columns else f"{text[: columns - 1]}…"


def complete_event_types(
    context: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[CompletionItem[str]]:
    """Return the completions of a comma-separated list of event types, of which the last is incomplete. Called by click.

    The event types are requested from the server; there are no completions if the server does not respond.
    """
    before, comma, begun = incomplete.rpartition(",")
    names = _event_types(str(context.params.get("url") or ""), context.params)
    return [CompletionItem(f"{before}{comma}{name}") for name in names if name.startswith(begun)]


def _shown(value: object) -> str:
    return one_line(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def _colour(event_type: str) -> str:
    # The colour is derived from the name, so that it is always the same, and a new event type needs no entry in a table.
    return _COLOURS[zlib.crc32(event_type.encode()) % len(_COLOURS)]


def _event_types(url: str, options: Mapping[str, Any]) -> list[str]:
    try:
        headers = BearerToken(options.get("token")).headers()
        with new_client(url, options.get("certificates")) as http:
            listed: Any = http.get(f"{url}/event-types", headers=headers, timeout=_COMPLETION_SECONDS).json()
        return [each["eventType"] for each in listed["eventTypes"] if each["kind"] == "order"]
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, LookupError, TypeError, TransientError):
        return []
