"""The answers of a scenario in order: which one a request gets, and when the next one is due."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from app.rehearse.observed.expected_ids import expected_ids, is_broken_read, take_unfinished, thrown_away
from app.rehearse.observed.observations import Asked, Form, Phase
from app.rehearse.observed.open_streams import OpenStreams
from app.rehearse.observed.seen import Seen
from app.rehearse.scenario import Answer, Refusal, Stream

RETRY_MS: Final = (100, 250)
"""The range of the reconnection time in a rehearsal, so that a scenario takes seconds."""


class Script:
    """The course of one scenario. `seen` is what was observed of the consumer."""

    def __init__(self, answers: Sequence[Answer], seed: int) -> None:
        self.seen = Seen()
        self.place = 0  # of the answer that the next request gets
        self._answers = answers
        self._random = random.Random(seed)
        self._refused_until: float | None = None
        self._streams = 0
        self._refused = 0  # requests, with the present refusal
        self._open = OpenStreams()

    def is_beside(self, form: Form) -> bool:
        """Return whether a request is no part of the scenario: a read of what is stored, beside a stream or after everything was sent."""
        follows = any(each.form is Form.FOLLOWED for each in self.seen.asked)
        return form is not Form.FOLLOWED and (follows or self.seen.phase is Phase.HOLDING)

    def ask(self, last_event_id: str | None, form: Form, *, is_of_page: bool = False) -> Asked:
        """Take note of a request for events, and choose its answer."""
        take_unfinished(self.seen, last_event_id)
        broken = thrown_away(self.seen, last_event_id)
        if broken is not None:
            self.place = broken.place
        answer = self._next_answer()
        may_come_with, newest = expected_ids(self.seen)
        asked = Asked(
            at=time.monotonic(),
            last_event_id=last_event_id,
            answer=answer,
            place=self.place,
            may_come_with=may_come_with if broken is None else None,
            newest=newest,
            retry_ms=self._retry_ms(answer),
            form=form,
            plays=1 if broken is None else broken.plays + 1,
            is_of_page=is_of_page,
            explains=is_of_page and self._has_refused_a_page(),
        )
        self.seen.asked.append(asked)
        self.seen.enter(Phase.PLAYING)
        if isinstance(answer, Stream):
            self._open.open(asked)
        else:
            self._refused += 1
            self._refused_until = self._refused_until or asked.at + answer.seconds
        return asked

    def _has_refused_a_page(self) -> bool:
        """Return whether the last request was one of a page, was refused, and may have been one of an `EventSource`."""
        last = self.seen.asked[-1] if self.seen.asked else None
        return last is not None and isinstance(last.answer, Refusal) and last.is_of_page and not last.explains

    def end(self, asked: Asked) -> None:
        """Take note that the server ends an answer now. Call this just before, because the consumer may be quick."""
        asked.ended_at = time.monotonic()
        asked.ended_by_server = True
        self._break(asked)
        self._open.close(asked)
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
        self._open.close(asked)
        self.seen.enter(Phase.RETURNING)

    def hold(self, asked: Asked) -> None:
        """Take note that everything was sent, and that the server does not end a stream by itself."""
        if asked.form is not Form.FOLLOWED:
            asked.ended_at = time.monotonic()
            asked.ended_by_server = True
            self._open.close(asked)
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
            self._open.close(asked)
            self.seen.enter(Phase.RETURNING)

    @property
    def _is_last(self) -> bool:
        return self.place == len(self._answers) - 1

    def _next_answer(self) -> Answer:
        answer = self._answers[self.place]
        if isinstance(answer, Refusal) and not self._is_last and self._has_refused(answer):
            self.place += 1
            self._refused_until, self._refused = None, 0
        return self._answers[self.place]

    def _has_refused(self, answer: Refusal) -> bool:
        """Return whether so many requests were refused, and for so long, that the next one gets the next answer."""
        is_time = self._refused_until is not None and time.monotonic() >= self._refused_until
        return is_time and self._refused >= answer.least_requests

    def _retry_ms(self, answer: Answer) -> int:
        """Return a reconnection time: after a short one comes a long one, so that it shows whether the consumer follows it."""
        if isinstance(answer, Refusal) and self.seen.asked:
            return self.seen.asked[-1].retry_ms
        self._streams += 1
        shortest, longest = RETRY_MS
        part = (longest - shortest) // 3
        least = shortest if self._streams % 2 else longest - part
        return self._random.randint(least, least + part)

    def _pass(self, asked: Asked) -> None:
        """Go on to the next answer, unless another connection was faster."""
        self.place = max(self.place, asked.place + 1)

    def _break(self, asked: Asked) -> None:
        """Take note that a stream of what is stored was broken: a consumer may take it as a whole, and so have nothing of it."""
        if is_broken_read(asked):
            asked.delivered = [replace(each, known=False) for each in asked.delivered]
