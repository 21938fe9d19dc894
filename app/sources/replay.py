"""The source `replay:FILE`: publish the order events of a file again, in the order of their times (`data.when`).

If a newer major version of an event has its time elsewhere, it is where readers of the oldest major see it.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice, pairwise
from pathlib import Path
from typing import Any, Final, NamedTuple

from app.sources.ndjson import BLANK, read_event
from app.sources.timeline import Publishes, Timed, publish_timeline
from app.specification.contracts import Contracts
from app.specification.errors import ContractViolation, MalformedJson, StartupError
from app.specification.strict_json import JsonValue

_CHECKED_TOGETHER: Final = 500
_UNIX_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_log = logging.getLogger(__name__)


class Recorded(NamedTuple):
    """An event of a recording, with the time of the event (its `data.when`) in seconds since the Unix epoch."""

    seconds: float
    event: JsonValue


async def replay(
    publisher: Publishes,
    recording: Sequence[Recorded],
    speed: float,
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Publish the events of a recording once, with the pauses between them that were recorded; the first event is published at
    once.

    `speed`: how many recorded seconds pass in one real second.
    """
    await publish_timeline(publisher, _timeline(recording, speed), clock=clock, sleep=sleep)
    _log.info("The replay has ended: %d events.", len(recording))


def load_replay(
    path: Path | str, check: Callable[[Sequence[JsonValue]], object], contracts: Contracts | None = None
) -> list[Recorded]:
    """Read a whole file with one JSON text on each line, and return its events sorted by time.

    Events of the same time keep the order of the file. Raises StartupError for the first faulty line, with the number of that
    line. `check`: a function that is given events and raises ContractViolation if one of these events violates the contract.
    `contracts`: those by which readers of the oldest major see the events; None if there are no others.
    """
    try:
        with Path(path).open("rb") as file:
            recording = list(_recorded(path, file, check, contracts))
    except OSError as error:
        raise StartupError(f"Cannot read {path}: {error.strerror}.") from None
    return sorted(recording, key=lambda each: each.seconds)


def _recorded(
    path: Path | str,
    file: Iterable[bytes],
    check: Callable[[Sequence[JsonValue]], object],
    contracts: Contracts | None,
) -> Iterator[Recorded]:
    lines = ((number, line) for number, line in enumerate(file, start=1) if line.strip(BLANK))
    while chunk := list(islice(lines, _CHECKED_TOGETHER)):
        events = [_read(path, number, line) for number, line in chunk]
        try:
            check(events)
        except ContractViolation as violation:
            first = violation.violations[0]
            raise _bad_line(path, chunk[first.index][0], f"{first.pointer}: {first.message}".lstrip(": ")) from None
        for (number, _), event in zip(chunk, events, strict=True):
            yield Recorded(_instant(path, number, event if contracts is None else _seen(event, contracts)), event)


def _seen(event: Any, contracts: Contracts) -> JsonValue:
    """Return an event that was accepted with the data that readers of the oldest major see."""
    version = event.get("schemaVersion") or contracts.default_version(event["eventType"])
    conversion = contracts.reading().conversion(event["eventType"], str(version))
    return event if conversion.is_identity else {**event, "data": conversion.convert(event["data"])}


def _read(path: Path | str, number: int, line: bytes) -> JsonValue:
    try:
        return read_event(number, line)
    except MalformedJson as malformed:
        raise _bad_line(path, number, str(malformed)) from None


def _instant(path: Path | str, number: int, event: JsonValue) -> float:
    match event:
        case {"data": {"when": str(when)}}:
            try:
                return (datetime.fromisoformat(when.upper()) - _UNIX_EPOCH).total_seconds()
            except (ValueError, TypeError, OverflowError):
                raise _bad_line(path, number, f"/data/when: {when!r} is no instant of the calendar.") from None
        case _:
            raise _bad_line(path, number, "/data/when: a recording needs it to know the order.")


def _bad_line(path: Path | str, number: int, reason: str) -> StartupError:
    return StartupError(f"{path}, line {number}: {reason}")


def _timeline(recording: Sequence[Recorded], speed: float) -> Iterator[Timed]:
    for this, following in pairwise(recording):
        yield Timed(this.event, (following.seconds - this.seconds) / speed)
    yield from (Timed(last.event, 0.0) for last in recording[-1:])
