"""The two forms of a line in the diagnostic log: text for people, JSON for programs.

Both have the fields of a record, which a caller of the standard library's `logging` gives as `extra={"fields": {...}}`.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Final

# A line must not end early, or look like another one, because a client has sent a newline in a path, or what turns the text around.
_INVISIBLE: Final = (
    *range(0x20),
    *range(0x7F, 0xA0),
    *range(0x200B, 0x2010),
    *range(0x2028, 0x202F),
    *range(0x2060, 0x2070),
    0xFEFF,
)
_ESCAPED: Final = {code: f"\\x{code:02x}" for code in _INVISIBLE}
_QUOTED: Final = re.compile(r"[\s\"]")

request_fields: Final[ContextVar[Mapping[str, object]]] = ContextVar("request_fields", default={})  # noqa: B039  # never changed
"""The fields of every record that is logged while a request is handled. It is set only if there is an access log."""


def fields_of(record: logging.LogRecord) -> Mapping[str, object]:
    """Return the fields of a record; none if its caller gave none."""
    fields: Mapping[str, object] = getattr(record, "fields", {})
    return fields


def add_request_fields(record: logging.LogRecord) -> bool:
    """Add the fields of the request that is being handled to a record. Returns True: as a filter, it admits every record."""
    request = request_fields.get()
    if request:
        record.__dict__["fields"] = {**request, **fields_of(record)}
    return True


class TextFormat(logging.Formatter):
    """A line of text: time, level, logger, message, and the fields as `name=value`. A traceback follows on lines of its own.

    A value with a space or a quote in it is written as a JSON string, so that no client can invent a field.
    """

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  # the name in the standard library
        fields = (f"{name}={_value(str(value))}" for name, value in fields_of(record).items())
        return " ".join([super().formatMessage(record), *fields]).translate(_ESCAPED)


def _value(text: str) -> str:
    return json.dumps(text, ensure_ascii=False) if _QUOTED.search(text) else text


class JsonFormat(logging.Formatter):
    """A line that is one JSON object: `time` (RFC 3339, UTC), `level`, `logger`, `message`, the fields, and `exception` if there is one."""

    def format(self, record: logging.LogRecord) -> str:
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line: dict[str, object] = {
            "time": time.replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **fields_of(record),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)
