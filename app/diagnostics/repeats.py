"""A limit on lines that repeat, so that a flood of bad requests or a full disk does not flood the diagnostic log."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from io import TextIOBase
from threading import Timer
from typing import Final

from app.diagnostics.formats import fields_of

REPEAT_SECONDS: Final = 1.0
REFUSALS: Final = ("problem", "limit", "code")  # the fields that say why a client was refused


def call_on_thread(seconds: float, call: Callable[[], None]) -> None:
    """Call a function after some seconds, on a thread that does not keep the process alive."""
    timer = Timer(seconds, call)
    timer.daemon = True
    timer.start()


@dataclass(slots=True)
class _Repeats:
    """The records of one kind in the second after one was written. `last`: the newest of them; None if there was none."""

    until: float
    count: int = 0
    last: logging.LogRecord | None = None


class LimitedHandler(logging.StreamHandler[TextIOBase]):
    """A handler that writes at most two records of a kind in a second.

    The first is written at once. Of those that follow within a second, the last is written when the second is over, with the field
    `repeated`, the number of all that followed. Limited are warnings, errors, and the records of refused clients (with a field of
    REFUSALS); two records are of one kind if they have the same logger, first line, refusal and type of exception, whatever values
    the message has.

    `now`: a clock in seconds. `call_later`: calls a function after some seconds, on any thread.
    """

    def __init__(
        self,
        stream: TextIOBase,
        now: Callable[[], float] = time.monotonic,
        call_later: Callable[[float, Callable[[], None]], object] = call_on_thread,
    ) -> None:
        super().__init__(stream)
        self._now = now
        self._call_later = call_later
        self._repeats: dict[Hashable, _Repeats] = {}

    def emit(self, record: logging.LogRecord) -> None:
        kind = _kind(record)
        repeats = self._repeats.get(kind)
        if kind is None:
            super().emit(record)
        elif repeats is None or (repeats.last is None and repeats.until <= self._now()):
            self._repeats[kind] = _Repeats(self._now() + REPEAT_SECONDS)
            super().emit(record)
        else:
            if repeats.last is None:
                self._call_later(repeats.until - self._now(), lambda: self._write_last(kind))
            repeats.count += 1
            repeats.last = record

    def write_repeats(self) -> None:
        """Write the records that wait for the end of their second, because no more will follow."""
        for kind in [*self._repeats]:
            self._write_last(kind)

    def _write_last(self, kind: Hashable) -> None:
        self.acquire()
        try:
            repeats = self._repeats.pop(kind, None)
            if repeats is not None and repeats.last is not None:
                repeats.last.__dict__["fields"] = {**fields_of(repeats.last), "repeated": repeats.count}
                self.emit(repeats.last)
        finally:
            self.release()


def _kind(record: logging.LogRecord) -> Hashable:
    """Return what a record has in common with its repetitions; None if records like it are not limited."""
    fields = fields_of(record)
    refusal = next((fields[name] for name in REFUSALS if name in fields), None)
    if record.levelno < logging.WARNING and refusal is None:
        return None
    error = record.exc_info[0] if record.exc_info else None
    # Of some packages, the first line is constant and the next ones are not, such as the name of a task.
    return record.name, str(record.msg).partition("\n")[0], refusal, error
