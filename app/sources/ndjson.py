"""Reading order events from a file that has one JSON text on each line (https://github.com/ndjson/ndjson-spec)."""

from __future__ import annotations

from typing import Final
from uuid import NAMESPACE_URL, uuid5

from app.specification.errors import MalformedJson
from app.specification.strict_json import JsonValue, parse_json

BLANK: Final = b" \t\r\n"
_LINES: Final = uuid5(NAMESPACE_URL, "urn:orders-events:line")


def read_event(number: int, line: bytes) -> JsonValue:
    """Parse one line of a file, and return its event. An event without an `eventId` gets an `eventId`. Raises MalformedJson.

    `number`: the number of the line in its file, from 1.

    The `eventId` is derived from the number and the text of the line. So two equal lines are two different events, and if a
    file is published again, only lines that were changed or added at its end are stored as new events.
    """
    text = line.strip(BLANK)
    try:
        event = parse_json(text)
    except MalformedJson as malformed:
        # The parser sees only this line, and "line 1" would mislead in a message about line 12 of a file.
        raise MalformedJson(str(malformed).replace("at line 1, column", "at column")) from None
    if isinstance(event, dict) and "eventId" not in event:
        return {**event, "eventId": str(uuid5(_LINES, f"{number}:{text.decode()}"))}
    return event
