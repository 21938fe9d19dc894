"""Checks of ids that the log never issued, among them those that resemble one that it did."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from app.check.checks.following import by_header, by_query, read_known
from app.check.checks.starting.open_starts import read_open
from app.check.findings import Finding
from app.check.http.event_stream import Stream
from app.check.http.stream_blocks import Block
from app.check.request import excerpt
from app.check.target.differences import differences
from app.check.target.problem_faults import members
from app.check.target.stored_log import StoredLog
from app.check.target.target import Target

_NUMBERED: Final = re.compile(r"([0-9A-Za-z]+)-([0-9]{1,15})")
_FAR_AHEAD: Final = 10**15
_STRANGERS: Final = ("nope", "-1", "0x1", "0")


def foreign_id(target: Target) -> Iterator[Finding]:
    """An id that the log never issued is answered with a stream.gap, and every stored event follows, also after the id of the gap.

    This check requests streams of both kinds after an id that it made up; it yields a finding if the first frame is not a `stream.gap`
    event with the reason `foreign`, or if stored events are missing after it, or after its id.
    """
    foreign = f"no-such-position-{target.token}"
    log = target.stored()
    finite = [read_known(target, log, log.events, by(target, foreign)) for by in (by_query, by_header)]
    open = read_open(target, by_header(target, foreign, follow=True), len(log.events))
    for stream in (*finite, open):
        first = stream.blocks[0] if stream.blocks else Block(())
        gap = (first.event, first.member("reason"), first.member("requested"))
        if gap != ("stream.gap", "foreign", foreign):
            promised = "After the id of another log, the stream begins with a stream.gap with the reason foreign."
            yield Finding(promised, f"{stream.status}: {excerpt(first.text)}", stream.request, (foreign,))
        elif first.id is None or first.id != first.member("earliest"):
            seen = excerpt(first.text)
            yield Finding("The id of a stream.gap is repeated in `earliest`.", seen, stream.request, (foreign,))
        else:
            promised = "After a gap the stream goes on from the earliest stored event."
            yield from _everything(target, log, stream, promised)
            resumed = read_known(target, log, log.events, by_query(target, first.id))
            yield from _everything(target, log, resumed, "After the id of a gap comes everything that is stored.")


def _everything(target: Target, log: StoredLog, stream: Stream, promised: str) -> Iterator[Finding]:
    if log.events and log.is_usable:
        yield from differences(target, log, log.events, stream.events, request=stream.request, promised=promised)


def near_ids(target: Target) -> Iterator[Finding]:
    """An id that resembles one of the log is not taken for it: the answer is a gap, on streams of both kinds, and 410 on a page.

    This check changes an id of the log: another beginning, a number that is far ahead, a part of it. It yields a finding for each answer
    that is no gap, or has another reason than `foreign`, or `ahead` for a number that is ahead.
    """
    log = target.log()
    for id, reason in dict(similar_ids(log.events[-1].id)).items():
        if id in log.ids:
            continue
        expected = (reason, id)
        for request in (by_query(target, id), by_header(target, id, follow=True)):
            stream = target.session.read(request, lambda reader: bool(reader.blocks))
            first = stream.blocks[0] if stream.blocks else Block(())
            gap = first.member("reason"), first.member("requested")
            if first.event != "stream.gap" or gap != expected or first.id != first.member("earliest"):
                seen = f"{stream.status}: {excerpt(first.text)}"
                yield Finding(_promised(reason), seen, request, (id,))
        response = target.session.fetch(target.page(("lastEventId", id)))
        problem = members(response)
        if (response.status, problem.get("reason"), problem.get("requested")) != (410, *expected):
            yield Finding(_promised(reason), str(response), response.request, (id,))


def similar_ids(id: str) -> Iterator[tuple[str, str]]:
    """Yield ids that resemble `id`, and for each the reason of the gap."""
    yield from ((stranger, "foreign") for stranger in _STRANGERS)
    yield ("1" if id[0] == "0" else "0") + id[1:], "foreign"
    numbered = _NUMBERED.fullmatch(id)
    if numbered is None:
        return
    name, number = numbered.groups()
    yield from ((each, "foreign") for each in (name, f"{name}-", number, f"{name}-0{number}", f"{name}-{number}-"))
    if name.swapcase() != name:
        yield f"{name.swapcase()}-{number}", "foreign"
    yield f"{name}-{_FAR_AHEAD}", "ahead"


def _promised(reason: str) -> str:
    return f"An id that this log never issued is a gap with the reason `{reason}`, which names the id."
