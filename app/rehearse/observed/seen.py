"""Everything that the server of a rehearsal saw of a consumer in one scenario."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator, Sequence
from itertools import chain, pairwise
from typing import Final, TypeAlias

from app.rehearse.observed.observations import Asked, Delivered, Phase, ReadBeside, Reported, read_report
from app.rehearse.scenario import Stream

Progress: TypeAlias = tuple[Phase, int, int, int]
"""What changes as long as a scenario goes on: its phase, and the numbers of requests, of deliveries, and of different ids and gaps reported."""

_SHOWN_CHARACTERS: Final = 200  # of a malformed report
_LOOK_SECONDS: Final = 0.2
_MOST_REQUESTS: Final = 200  # in vain: a consumer that never waits would go on for ever
_MOST_LEFT: Final = 10  # streams that the consumer itself has ended


class Seen:
    """What was seen until `freeze` is called."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.beside: list[ReadBeside] = []
        self.reported: list[Reported] = []
        self.malformed_report: str | None = None
        self.other_transport = ""  # over which the consumer has tried to come, if there is one
        self.phase = Phase.STARTING
        self.exit_code: int | None = None
        self._frozen_at: float | None = None
        self._has_exited = False
        self._applied: set[str] = set()
        self._told_gaps = 0
        self._to_apply: tuple[Progress | None, list[Delivered]] = (None, [])
        self._changed = asyncio.Event()

    def enter(self, phase: Phase) -> None:
        if not self._has_exited and self._frozen_at is None:
            self.phase = phase
            self._changed.set()

    def exited(self, exit_code: int) -> None:
        """Take note that the consumer has ended. What it reported before may still come; the phase remains as it is."""
        self.exit_code = exit_code
        self._has_exited = True

    def freeze(self) -> None:
        """Take note of nothing any more: the scenario is over, and a consumer that still runs is about to be ended."""
        self._frozen_at = time.monotonic()

    def read_beside(self, last_event_id: str | None, delivered: Sequence[Delivered]) -> None:
        """Take note of a read that is no part of the scenario."""
        if self._frozen_at is None:
            self.beside.append(ReadBeside(time.monotonic(), last_event_id, delivered))
            self._changed.set()

    def take_reports(self, text: str) -> None:
        """Record the reports of a consumer: a JSON object, or several in lines."""
        if self._frozen_at is not None:
            return
        for line in filter(None, map(str.strip, text.splitlines())):
            try:
                self._take_report(read_report(json.loads(line)))
            except (ValueError, TypeError):
                self.malformed_report = line[:_SHOWN_CHARACTERS]
        self._changed.set()

    @property
    def now(self) -> float:
        """The time until which was seen what was seen."""
        return time.monotonic() if self._frozen_at is None else self._frozen_at

    @property
    def progress(self) -> Progress:
        delivered = sum(len(each) for each in self._deliveries())
        reported = len(self._applied) + self._told_gaps
        return self.phase, len(self.asked), delivered, min(reported, delivered)

    @property
    def is_endless(self) -> bool:
        """Whether so many requests came in vain that more would show nothing new."""
        left = sum(each.ended_at is not None and not each.ended_by_server for each in self.asked)
        return left >= _MOST_LEFT or self._vain_requests() >= _MOST_REQUESTS

    @property
    def longest_wait_seconds(self) -> float:
        """The longest time after which the consumer came back when the server had ended a stream; 0 if it never did."""
        pairs = ((before, asked) for before, asked in pairwise(self.asked) if isinstance(before.answer, Stream))
        return max((asked.at - (before.ended_at or asked.at) for before, asked in pairs), default=0.0)

    def delivered(self) -> Iterator[Delivered]:
        """Yield what was delivered in the course of the scenario, in order, with repetitions."""
        for asked in self.asked:
            yield from asked.delivered

    def events(self) -> list[Delivered]:
        """Return the delivered events without control events, each once, in the order in which they were stored."""
        beside = (each for read in self.beside for each in read.delivered)
        found = {each.id: each for each in chain(self.delivered(), beside) if not each.is_control}
        return sorted(found.values(), key=lambda each: each.number)

    def events_to_apply(self) -> list[Delivered]:
        """Return the events that the consumer must have applied: those that the contract knows."""
        progress = (*self.progress[:3], 0)
        if self._to_apply[0] != progress:
            self._to_apply = (progress, [each for each in self.events() if each.known])
        return self._to_apply[1]

    def gaps(self) -> list[Delivered]:
        """Return the gaps that were told, each once."""
        return list({each.id: each for each in self.delivered() if each.event_type == "stream.gap"}.values())

    def not_applied(self) -> list[Delivered]:
        """Return the events that the consumer must have applied, and has not reported."""
        expected = self.events_to_apply()
        return [each for each in expected if each.id not in self._applied]

    def has_applied(self, id: str) -> bool:
        """Return whether the consumer has reported this id."""
        return id in self._applied

    def is_all_reported(self) -> bool:
        """Return whether every event and every gap was reported."""
        if len(self._applied) < len(self.events_to_apply()):
            return False
        return self._told_gaps >= len(self.gaps()) and not self.not_applied()

    async def all_reported(self, seconds: float) -> None:
        """Return when everything was reported, or the time is up."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0 and not self.is_all_reported():
            await self.change(left)

    async def change(self, seconds: float = _LOOK_SECONDS) -> None:
        """Return when something new was seen, or the time is up, or a moment later: there may be several that wait."""
        self._changed.clear()
        try:
            await asyncio.wait_for(self._changed.wait(), min(seconds, _LOOK_SECONDS))
        except TimeoutError:
            return

    def _take_report(self, report: Reported) -> None:
        self.reported.append(report)
        if report.gap is not None:
            self._told_gaps += 1
        elif report.id is not None:
            self._applied.add(report.id)

    def _deliveries(self) -> Iterator[Sequence[Delivered]]:
        """Yield what was delivered to each request."""
        yield from (each.delivered for each in self.asked)
        yield from (each.delivered for each in self.beside)

    def _vain_requests(self) -> int:
        """Return how many requests brought nothing that had not been delivered before."""
        if len(self.asked) + len(self.beside) < _MOST_REQUESTS:
            return 0
        known: set[str] = set()
        vain = 0
        for delivered in self._deliveries():
            ids = {each.id for each in delivered}
            vain += ids <= known
            known |= ids
        return vain
