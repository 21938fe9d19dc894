"""What an answer says that is not the one hoped for; a problem document (RFC 9457) says it best."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from .json_object import json_object
from .protocol.server_response import Answer

_SHOWN_CHARACTERS: Final = 300  # of a place that a server points to
_TOLD_CHARACTERS: Final = 2000  # of what it says in all; a server of this contract says less


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem document, whose `type` is what programs decide by; `members` holds all of it.

    An answer without one becomes a problem of the type `about:blank` and no members.
    """

    type: str
    title: str
    status: int
    detail: str
    members: Mapping[str, Any]

    def __str__(self) -> str:
        return " ".join([self.detail, *self._parameters()])[:_TOLD_CHARACTERS]

    def _parameters(self) -> Iterator[str]:
        for error in _listed(self.members.get("errors")):
            match error:
                case {"name": str(name), "message": str(message)}:
                    yield f"{name} {message}."


def read_problem(answer: Answer) -> Problem:
    """Read what an answer says is wrong, whatever it looks like."""
    members = json_object(answer.body) or {}
    return Problem(
        type=_text(members, "type", "about:blank"),
        title=_text(members, "title", answer.reason_phrase),
        status=answer.status_code,
        detail=_text(members, "detail", _described(answer)),
        members=members,
    )


def _described(answer: Answer) -> str:
    reason = f"The server answered {answer.status_code} {answer.reason_phrase}".strip()
    location = answer.headers.get("location")
    return f"{reason}." if location is None else f"{reason} and points to {location[:_SHOWN_CHARACTERS]}."


def _text(members: Mapping[str, Any], name: str, otherwise: str) -> str:
    value = members.get(name)
    return value if isinstance(value, str) and value else otherwise


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else []
