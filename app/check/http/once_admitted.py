"""Ask again if the server limits how much a client may publish: a check writes more in a second than some servers allow."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Final

from app.check.request import Response

_MOST_WAITS: Final = 5
_LONGEST_WAIT_SECONDS: Final = 5


def once_admitted(ask: Callable[[], Response]) -> Response:
    """Return the first answer of `ask` that is no 429, or the last one if a limit stays, or asks for more than a few seconds."""
    answer = ask()
    for _ in range(_MOST_WAITS):
        seconds = _seconds_to_wait(answer)
        if seconds is None:
            break
        time.sleep(seconds)
        answer = ask()
    return answer


def _seconds_to_wait(answer: Response) -> int | None:
    """Return how long to wait before asking again; None if that is of no use."""
    asked = answer.headers.get("Retry-After", "")
    if answer.status != HTTPStatus.TOO_MANY_REQUESTS or not re.fullmatch(r"[0-9]{1,3}", asked, re.ASCII):
        return None
    return int(asked) if int(asked) <= _LONGEST_WAIT_SECONDS else None
