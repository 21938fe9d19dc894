"""The answers of a scenario in order: which one a request gets, when the next one is due, and with which id a consumer may come."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from app.rehearse.scenario import Answer, Ending, Refusal, Stream
from app.rehearse.seen import Asked, Form, Phase, Seen

RETRY_MS: Final = (100, 250)
"""The range of the reconnection time in a rehearsal, so that a scenario takes seconds."""

WHOLE: Final = (Ending.HOLD, Ending.CLOSING, Ending.CUT)
"""How a stream ends where a read of what is stored comes whole: between events, it has no end but its own."""

_LEAVING_SECONDS: Final = 0.5  # a consumer may close its old connection a little after it opened the new one


class Script:
    """The course of one scenario. `seen` is what was observed of the consumer."""

    def __init__(self, answers: Sequence[Answer], seed: int) -> None:
        self.seen = Seen()
        self.place = 0  # of the answer that the next request gets
        self._answers = answers
        self._random = random.Random(seed)
        self._refused_until: float | None = None
        self._open: list[Asked] = []

    def is_beside(self, form: Form) -> bool:
        """Return whether a request is no part of the scenario: a read of what is stored, beside a stream or after everything was sent."""
        follows = any(each.form is Form.FOLLOWED for each in self.seen.asked)
        return form is not Form.FOLLOWED and (follows or self.seen.phase is Phase.HOLDING)

    def ask(self, last_event_id: str | None, form: Form) -> Asked:
        """Take note of a request for events, and choose its answer."""
        answer = self._next_answer()
        may_come_with, newest = self._expected(last_event_id)
        asked = Asked(
            time.monotonic(), last_event_id, answer, self.place, may_come_with, newest, self._retry_ms(answer), form
        )
        before = list(self._open)
        self.seen.asked.append(asked)
        self.seen.enter(Phase.PLAYING)

        def look_again() -> None:
            asked.overlapped = any(each in self._open for each in before)

        if before:
            asyncio.get_running_loop().call_later(_LEAVING_SECONDS, look_again)
        if isinstance(answer, Stream):
            self._open.append(asked)
        elif self._refused_until is None:
            self._refused_until = asked.at + answer.seconds
        return asked

    def end(self, asked: Asked) -> None:
        """Take note that the server ends an answer now. Call this just before, because the consumer may be quick."""
        asked.ended_at = time.monotonic()
        asked.ended_by_server = True
        self._break(asked)
        self._close(asked)
        if asked.place == len(self._answers) - 1:
            self.seen.enter(Phase.STOPPED)
            return
        if isinstance(asked.answer, Stream):
            self._pass(asked)
        self.seen.enter(Phase.RETURNING)

    def reach_limit(self, asked: Asked) -> None:
        """Take note that a consumer was sent as many events as it had asked for; the others of the answer are still due."""
        asked.limited = True
        asked.ended_at = time.monotonic()
        asked.ended_by_server = True
        self._close(asked)
        self.seen.enter(Phase.RETURNING)

    def hold(self, asked: Asked) -> None:
        """Take note that everything was sent, and that the server does not end a stream by itself."""
        if asked.form is not Form.FOLLOWED:
            asked.ended_at = time.monotonic()
            asked.ended_by_server = True
            self._close(asked)
        self.seen.enter(Phase.HOLDING)

    def fall_silent(self, asked: Asked) -> None:
        """Take note that nothing is sent any more on a connection that stays open."""
        self._break(asked)
        self._pass(asked)
        self.seen.enter(Phase.RETURNING)

    def leave(self, asked: Asked) -> None:
        """Take note that the consumer has closed a connection, if the server had not ended it."""
        if asked.ended_at is None:
            asked.ended_at = time.monotonic()
            self._close(asked)
            self.seen.enter(Phase.RETURNING)

    @property
    def _is_last(self) -> bool:
        return self.place == len(self._answers) - 1

    def _next_answer(self) -> Answer:
        if self._refused_until is not None and time.monotonic() >= self._refused_until and not self._is_last:
            self.place += 1
            self._refused_until = None
        return self._answers[self.place]

    def _expected(self, came_with: str | None) -> tuple[frozenset[str | None] | None, str | None]:
        """Return the ids with which a consumer may come now, or None for any, and the last id that it was sent."""
        if not self.seen.asked:
            return None, None
        before = self.seen.asked[-1]
        end = before.answer.end if isinstance(before.answer, Stream) else None
        if end is Ending.CUT_IN_LINE_END and before.unfinished is not None and came_with == before.unfinished.id:
            # The CR alone ends the event, but a decoder may wait for the LF. Both are right.
            before.delivered.append(before.unfinished)
        sent = [self.seen.asked[0].last_event_id, *(each.id for each in self.seen.delivered())]
        if isinstance(before.answer, Refusal):
            return before.may_come_with or frozenset(sent[-1:]), before.newest
        anew = frozenset({None} if before.gap_sent else ())
        was_read = before.ended_by_server and end is not Ending.RESET  # what was on its way is lost with a reset
        beside = {each.id for read in self.seen.beside if read.at >= before.at for each in read.delivered}
        as_a_whole = {before.last_event_id} if _is_broken(before) else frozenset()
        ids = sent[-1:] if was_read or end is Ending.SILENCE else sent
        return anew | beside | as_a_whole | frozenset(ids), sent[-1]

    def _retry_ms(self, answer: Answer) -> int:
        if isinstance(answer, Refusal) and self.seen.asked:
            return self.seen.asked[-1].retry_ms
        return self._random.randint(*RETRY_MS)

    def _pass(self, asked: Asked) -> None:
        """Go on to the next answer, unless another connection was faster."""
        self.place = max(self.place, asked.place + 1)

    def _break(self, asked: Asked) -> None:
        """Take note that a stream of what is stored was broken: a consumer may take it as a whole, and so have nothing of it."""
        if _is_broken(asked):
            asked.delivered = [replace(each, known=False) for each in asked.delivered]

    def _close(self, asked: Asked) -> None:
        if asked in self._open:
            self._open.remove(asked)


def _is_broken(asked: Asked) -> bool:
    """Return whether a stream of what is stored ends before its end."""
    is_whole = asked.limited or isinstance(asked.answer, Refusal) or asked.answer.end in WHOLE
    return asked.form is Form.STORED and not is_whole
