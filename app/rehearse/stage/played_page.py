"""A page in the course of a scenario. Where a stream would break, the body of the page does, and the client has none of its events."""

from __future__ import annotations

from app.events.position import Gap
from app.rehearse.observed.expected_ids import WHOLE
from app.rehearse.observed.observations import Asked, Delivered
from app.rehearse.scenario import Ending
from app.rehearse.stage.script import Script
from app.rehearse.stage.whole_answer import Due, page_answer
from app.rehearse.stage.wire import Wire


async def play_page(due: Due, end: Ending, asked: Asked, wire: Wire, script: Script) -> None:
    """Write a page, or a part of it, and record what that means. Raises ConnectionError if the client has left."""
    answer = page_answer(due)
    if isinstance(due.first, Gap):
        asked.delivered.append(Delivered(str(due.first.earliest), "stream.gap", due.first.reason, known=False))
        script.reach_limit(asked)
    elif due.is_limited or end in WHOLE:
        asked.delivered += due.delivered
        asked.delivered.append(Delivered(due.last_event_id, "stream.checkpoint", "{}", known=False))
        _end(due, end, asked, script)
    else:
        await _break(answer.body, end, asked, wire, script)
        return
    await wire.answer(*answer)


def _end(due: Due, end: Ending, asked: Asked, script: Script) -> None:
    if due.is_limited:
        script.reach_limit(asked)
    elif end is Ending.HOLD:
        script.hold(asked)
    else:
        script.end(asked)


async def _break(body: bytes, end: Ending, asked: Asked, wire: Wire, script: Script) -> None:
    await wire.answer_in_part([("content-type", "application/json")], body, len(body) // 2)
    if end is Ending.SILENCE:
        script.fall_silent(asked)
        return
    await wire.settle()
    script.end(asked)
    await (wire.reset() if end is Ending.RESET else wire.cut())
