"""Send lines to a server so that each is stored once or refused, whatever the network and the server do meanwhile.

Every line has an eventId, so a batch may be sent again after its answer was lost. A server stores a whole request or nothing of
it; what it refuses is taken out, and the rest sent again, in order.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Final

import click
import httpx

from app.backoff import backoff_seconds
from app.cli.client import (
    EVENTS_PATH,
    TRANSIENT_STATUSES,
    describe_answer,
    describe_silence,
    read_problem,
    retry_after_seconds,
)
from app.cli.lines import Batch, Line, RefusedLine

_FIRST_WAIT_SECONDS: Final = 0.25
_LONGEST_WAIT_SECONDS: Final = 8.0
_ANSWERS: Final = frozenset(
    {201, 400, 409, 413, 422}
)  # about the events; any other refuses the request, whatever is in it


class GaveUp(click.ClickException):
    """Say from which line on nothing is known to be stored, and why; exit code 1."""

    def __init__(self, number: int, reason: str) -> None:
        super().__init__(
            f"Stopped at line {number}: {reason} Nothing from that line on is known to be stored. Run the same command again: "
            "what is stored already is not stored twice."
        )


class Publication:
    """Publish batch after batch, and count what became of the lines.

    `report` is told of every line that is refused, and of trouble that may pass.
    """

    def __init__(self, client: httpx.Client, retry_max_seconds: float, report: Callable[[str], None]) -> None:
        self._client = client
        self._retry_max_seconds = retry_max_seconds
        self._report = report
        self.published = 0
        self.duplicates = 0
        self.refused = 0

    def publish(self, batch: Batch) -> None:
        """Publish lines in order until each is stored or refused. Raises GaveUp."""
        refused = list(batch.refused)
        try:
            self._send(batch.lines, refused)
        finally:
            self.refused += len(refused)
            for line in sorted(refused):
                self._report(f"line {line.number}: {line.reason}")

    def _send(self, lines: Sequence[Line], refused: list[RefusedLine]) -> None:
        while lines:
            response = self._post(lines)
            if response.status_code == 201:
                self._count(response, lines)
                return
            reasons = _reasons(response, len(lines))
            if not reasons and len(lines) > 1:
                # It is too much, or something in it is wrong that the answer does not name: look for it in each half.
                middle = len(lines) // 2
                self._send(lines[:middle], refused)
                lines = lines[middle:]
                continue
            reasons = reasons or {0: describe_answer(response)}
            refused += [RefusedLine(lines[index].number, reason) for index, reason in reasons.items()]
            lines = [line for index, line in enumerate(lines) if index not in reasons]

    def _count(self, response: httpx.Response, lines: Sequence[Line]) -> None:
        try:
            duplicate = [bool(event["duplicate"]) for event in response.json()["events"]]
        except (ValueError, LookupError, TypeError):
            duplicate = []
        if len(duplicate) != len(lines):
            raise GaveUp(lines[0].number, "The server's answer is not that of Orders Events.")
        duplicates = sum(duplicate)
        self.duplicates += duplicates
        self.published += len(lines) - duplicates

    def _post(self, lines: Sequence[Line]) -> httpx.Response:
        body = b"[%b]" % b",".join(line.body for line in lines)
        deadline = time.monotonic() + self._retry_max_seconds
        failures = 0
        while True:
            wait_seconds = backoff_seconds(failures, _FIRST_WAIT_SECONDS, _LONGEST_WAIT_SECONDS)
            try:
                response = self._client.post(EVENTS_PATH, content=body, headers={"Content-Type": "application/json"})
            except httpx.TransportError as error:
                trouble = describe_silence(self._client, error)
            else:
                if response.status_code in _ANSWERS:
                    return response
                trouble = describe_answer(response)
                if response.status_code not in TRANSIENT_STATUSES:
                    raise GaveUp(lines[0].number, trouble)
                wait_seconds = max(wait_seconds, retry_after_seconds(response))
            if time.monotonic() + wait_seconds > deadline:
                raise GaveUp(lines[0].number, trouble)
            if failures == 0:
                self._report(f"{trouble} Trying again for up to {self._retry_max_seconds:g} seconds.")
            failures += 1
            time.sleep(wait_seconds)


def _reasons(response: httpx.Response, count: int) -> dict[int, str]:
    """Say which events an answer refuses, by their index, and why; empty where it does not tell."""
    problem = read_problem(response)
    reasons: dict[int, list[str]] = {}
    match problem:
        case {"violations": list(violations)}:
            for violation in violations:
                match violation:
                    case {"index": int(index), "pointer": str(pointer), "message": str(message)} if 0 <= index < count:
                        reasons.setdefault(index, []).append(f"{pointer} {message}".strip())
        case {"index": int(index), "eventId": str(event_id)} if 0 <= index < count:
            reasons[index] = [f"the eventId {event_id!r} names another event already"]
    return {index: "; ".join(messages) for index, messages in reasons.items()}
