"""An HTTP response as a plain value, and the error that a response reports."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final, NamedTuple

import httpx

from ..errors import Problem
from .json_object import json_object

_LONGEST_WAIT_SECONDS: Final = 3600.0  # a wrong Retry-After header must not stop a client for good
_SHOWN_CHARACTERS: Final = 300  # of the URL that a server redirects to


class ServerResponse(NamedTuple):
    """The status, the headers and the body of a response. The body is empty if the response is an event stream."""

    status_code: int
    reason_phrase: str
    headers: httpx.Headers
    body: bytes = b""

    @property
    def media_type(self) -> str:
        """The media type of the body, in lower case and without parameters; "" if there is no Content-Type header."""
        content_type: str = self.headers.get("content-type", "")
        return content_type.partition(";")[0].strip().lower()

    @property
    def retry_after_seconds(self) -> float:
        """The wait that the Retry-After header asks for (RFC 9110 §10.2.3), at most an hour; 0 if there is no such header."""
        text = self.headers.get("retry-after", "")
        seconds = float(text) if text.isascii() and text.isdigit() else _seconds_until(text)
        return bounded_wait(seconds)


def read_problem(response: ServerResponse) -> Problem:
    """Return the error that a response reports. If the body is not a problem document (RFC 9457), the status describes the error."""
    members = json_object(response.body) or {}
    return Problem(
        type=_text(members, "type", "about:blank"),
        title=_text(members, "title", response.reason_phrase),
        status=response.status_code,
        detail=_text(members, "detail", _described(response)),
        members=members,
    )


def bounded_wait(seconds: float) -> float:
    """Limit a wait that a server asks for to the range from 0 to 3,600 seconds."""
    return min(max(seconds, 0.0), _LONGEST_WAIT_SECONDS)


def _described(response: ServerResponse) -> str:
    answered = f"The server answered {response.status_code} {response.reason_phrase}".strip()
    location = response.headers.get("location")
    return f"{answered}." if location is None else f"{answered} and points to {location[:_SHOWN_CHARACTERS]}."


def _text(members: Mapping[str, Any], name: str, default: str) -> str:
    value = members.get(name)
    return value if isinstance(value, str) and value else default


def _seconds_until(date: str) -> float:
    try:
        moment = parsedate_to_datetime(date)
    except (ValueError, OverflowError):
        return 0.0
    return (moment.replace(tzinfo=moment.tzinfo or UTC) - datetime.now(UTC)).total_seconds()
