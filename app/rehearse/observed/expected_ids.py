"""With which id a consumer may come back, by what it was sent, and by what it has reported."""

from __future__ import annotations

from typing import Final

from app.rehearse.observed.observations import Asked, Form
from app.rehearse.observed.seen import Seen
from app.rehearse.scenario import Ending, Refusal, Stream

WHOLE: Final = (Ending.HOLD, Ending.CLOSING, Ending.CUT)
"""How a stream ends where a read of what is stored comes whole: between events, it has no end but its own."""

_UNBROKEN: Final = (Ending.HOLD, Ending.CLOSING, Ending.SILENCE)  # in a silence there is time to read
_MOST_PLAYS: Final = 3  # of a stream that breaks


def expected_ids(seen: Seen) -> tuple[frozenset[str | None] | None, str | None]:
    """Return the ids with which a consumer may come now, or None for any, and the last id that it was sent."""
    if not seen.asked:
        return None, None
    before = seen.asked[-1]
    sent = [seen.asked[0].last_event_id, *(each.id for each in seen.delivered())]
    if isinstance(before.answer, Refusal):
        return before.may_come_with or frozenset(sent[-1:]), before.newest
    anew = frozenset({None} if before.gap_sent else ())
    beside = {each.id for read in seen.beside if read.at >= before.at for each in read.delivered}
    as_a_whole = {before.last_event_id} if is_broken_read(before) else frozenset()
    return anew | beside | as_a_whole | _own(before, sent, seen), sent[-1]


def thrown_away(seen: Seen, came_with: str | None) -> Asked | None:
    """Return the last stream if it broke before the consumer had read all of it, so that it is to be played again; else None.

    When a connection breaks, HTTP libraries and browsers throw away what they have not passed on yet, and nothing is wrong with that:
    the consumer asks for it again. The next time, there is more time to read. A consumer that comes with an older id each time does not
    keep its ids. One that has reported a later event had read it.
    """
    before = seen.asked[-1] if seen.asked else None
    if before is None or before.form is not Form.FOLLOWED or before.plays >= _MOST_PLAYS or not _is_broken(before):
        return None
    unread = _unread(before, seen)
    return before if came_with in unread and came_with != unread[-1] else None


def take_unfinished(seen: Seen, came_with: str | None) -> None:
    """Take an event for sent whole if only the LF after its last CR is missing, and the consumer has come with its id.

    The CR alone ends the event, but a decoder may wait for the LF. Both are right.
    """
    before = seen.asked[-1] if seen.asked else None
    if before is None or before.unfinished is None or came_with != before.unfinished.id:
        return
    if isinstance(before.answer, Stream) and before.answer.end is Ending.CUT_IN_LINE_END:
        before.delivered.append(before.unfinished)


def is_broken_read(asked: Asked) -> bool:
    """Return whether a stream of what is stored ends before its end."""
    is_whole = asked.limited or isinstance(asked.answer, Refusal) or asked.answer.end in WHOLE
    return asked.form is Form.STORED and not is_whole


def _own(before: Asked, sent: list[str | None], seen: Seen) -> frozenset[str | None]:
    """Return the ids with which a consumer may come because of what a stream has sent, and those before."""
    is_silent = isinstance(before.answer, Stream) and before.answer.end is Ending.SILENCE
    if not (before.ended_by_server or is_silent):
        return frozenset(sent)  # it left by itself
    reports = any(seen.has_applied(each.id) for each in before.delivered)
    # One that comes back with the id of what it has applied, or a later one, loses nothing, however much it had read.
    return frozenset([sent[-1], *(_unread(before, seen) if reports else ())])


def _unread(before: Asked, seen: Seen) -> list[str | None]:
    """Return the ids, in order, with which a consumer may come that had not read all of a stream. What it has applied, it had read."""
    ids = [before.last_event_id, *(each.id for each in before.delivered)]
    read = max((place for place, id in enumerate(ids) if id is not None and seen.has_applied(id)), default=0)
    return ids[read:]


def _is_broken(asked: Asked) -> bool:
    return isinstance(asked.answer, Stream) and asked.answer.end not in _UNBROKEN
