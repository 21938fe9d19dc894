"""Order events in a file, one JSON text a line (https://github.com/ndjson/ndjson-spec)."""

from __future__ import annotations

from typing import Final
from uuid import NAMESPACE_URL, uuid5

from app.specification.errors import MalformedJson
from app.specification.strict_json import JsonValue, parse_json

BLANK: Final = b" \t\r\n"
_LINES: Final = uuid5(NAMESPACE_URL, "urn:orders-events:line")


def read_event(number: int, line: bytes) -> JsonValue:
    """Read the line of this number (from 1) as an event, and give it an `eventId` if it has none. Raises MalformedJson.

    That eventId is made from the line's number and text. So lines that repeat each other are events of their own, publishing
    a file again adds nothing, and neither does it after lines were added at its end or corrected in place.
    """
    text = line.strip(BLANK)
    try:
        event = parse_json(text)
    except MalformedJson as malformed:
        # The text is one line; "line 1" in a message about line 12 of a file would mislead.
        raise MalformedJson(str(malformed).replace("at line 1, column", "at column")) from None
    if isinstance(event, dict) and "eventId" not in event:
        return {**event, "eventId": str(uuid5(_LINES, f"{number}:{text.decode()}"))}
    return event
