"""An answer as a value, for those who judge it and do no I/O."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final, NamedTuple

import httpx

_LONGEST_WAIT_SECONDS: Final = 3600.0  # a mistake of a server must not silence its clients for good


class Answer(NamedTuple):
    """The status, the headers and the body of an answer; the body of a stream is empty here."""

    status_code: int
    reason_phrase: str
    headers: httpx.Headers
    body: bytes = b""

    @property
    def media_type(self) -> str:
        """What the body is, in lower case and without parameters; empty where it is not said."""
        content_type: str = self.headers.get("content-type", "")
        return content_type.partition(";")[0].strip().lower()

    @property
    def retry_after_seconds(self) -> float:
        """How long it asks to wait (RFC 9110 §10.2.3), an hour at most; 0 where it does not."""
        text = self.headers.get("retry-after", "")
        seconds = float(text) if text.isascii() and text.isdigit() else _seconds_until(text)
        return bounded_wait(seconds)


def bounded_wait(seconds: float) -> float:
    """Bound a wait that a server asks for."""
    return min(max(seconds, 0.0), _LONGEST_WAIT_SECONDS)


def _seconds_until(date: str) -> float:
    try:
        moment = parsedate_to_datetime(date)
    except (ValueError, OverflowError):
        return 0.0
    return (moment.replace(tzinfo=moment.tzinfo or UTC) - datetime.now(UTC)).total_seconds()
