"""Checks of ids that the log never issued although they resemble one that it did."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from app.check.checks.following import by_header, by_query
from app.check.findings import Finding
from app.check.http.stream_blocks import Block
from app.check.request import excerpt
from app.check.target.problem_faults import members
from app.check.target.target import Target

_NUMBERED: Final = re.compile(r"([0-9A-Za-z]+)-([0-9]{1,15})")
_FAR_AHEAD: Final = 10**15
_STRANGERS: Final = ("nope", "-1", "0x1", "0")


def near_ids(target: Target) -> Iterator[Finding]:
    """An id that resembles one of the log is not taken for it: the answer is a gap, on streams of both kinds, and 410 on a page.

    This check changes an id of the log: another beginning, a number that is far ahead, a part of it. It yields a finding for each answer
    that is no gap, or has another reason than `foreign`, or `ahead` for a number that is ahead.
    """
    log = target.log()
    for id, reason in dict(_near(log.events[-1].id)).items():
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


def _near(id: str) -> Iterator[tuple[str, str]]:
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
