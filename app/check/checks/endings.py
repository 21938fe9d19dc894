"""How a stream ends, and what tells that it is alive."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from app.check.findings import CannotCheck, Finding, NoAnswer, NotSeen
from app.check.http.blocks import Block
from app.check.http.event_stream import Stream
from app.check.request import Request, shown
from app.check.target.target import Target


def closing(target: Target) -> Iterator[Finding]:
    """The server says why it ends a stream, in a last frame without an id."""
    whole = target.ending()
    cut = target.connection.read(target.finite(("from", "earliest"), ("limit", "1")), lambda _: False)
    streams = [stream for stream in (whole, cut) if stream.status == 200]
    if not streams:
        raise NotSeen("The log is empty, so every finite stream is a 204.")
    for stream in streams:
        yield from _last_words(stream)
    if whole.closings and whole.closings[-1].member("reason") != "end":
        promised = "`follow=false` ends the stream with `stream.closing` and the reason `end`."
        yield Finding(promised, shown(whole.closings[-1].text), whole.request)


def _last_words(stream: Stream) -> Iterator[Finding]:
    last = stream.blocks[-1] if stream.blocks else Block(())
    if last.event != "stream.closing":
        seen = f"the last frame was {shown(last.text)}"
        yield Finding("`stream.closing`: the server ends the stream, as `reason` says.", seen, stream.request)
    for block in stream.closings:
        if block.values("id"):
            yield Finding("`stream.closing` has no id.", shown(block.text), stream.request)


def heartbeat(target: Target) -> Iterator[Finding]:
    """A stream on which nothing happens sends a sign of life within the promised time."""
    idle = target.idle()
    if not idle.beat:
        within = target.options.heartbeat_seconds
        promised = f"At most {within:g} seconds after the last byte comes a comment line, or a `stream.checkpoint`."
        yield Finding(promised, f"nothing came for more than {within:g} s", idle.stream.request)


def limit(target: Target) -> Iterator[Finding]:
    """`limit` ends a stream, and a page, after that many order events."""
    log = target.log(least=2)
    most = min(3, len(log.events) - 1)
    parameters = (("from", "earliest"), ("limit", str(most)))
    stream = target.connection.read(target.finite(*parameters), lambda reader: len(reader.events) > most)
    if len(stream.events) > most:
        yield _beyond(most, len(stream.events), stream.request)
    elif len(stream.events) == most and any(block.member("reason") != "limit" for block in stream.closings):
        promised = "A stream ends after them with `stream.closing` and the reason `limit`."
        yield Finding(promised, shown(stream.closings[-1].text), stream.request)
    answer = target.connection.fetch(target.page(*parameters))
    try:
        events = len(answer.json()["events"])
    except (ValueError, LookupError, TypeError):
        raise CannotCheck(f"The page cannot be read: {answer}") from None
    if events > most:
        yield _beyond(most, events, answer.request)


def _beyond(most: int, came: int, request: Request) -> Finding:
    return Finding(f"At most {most} order events.", f"{came} order events came", request)


def end_of_log(target: Target) -> Iterator[Finding]:
    """`follow=false` is answered with 204 where nothing is stored after the place to start from."""
    # Without an id it starts at the end of the log, whatever others publish meanwhile.
    stream = target.connection.read(target.finite(), lambda reader: bool(reader.blocks))
    if stream.status != 204:
        promised = "204: there was nothing after the place where the stream would have started."
        yield Finding(promised, f"{stream.status}: {shown(stream.raw)}", stream.request)


def head(target: Target) -> Iterator[Finding]:
    """HEAD answers with the headers of the same GET, and ends at once."""
    request = replace(target.stream(), method="HEAD")
    try:
        answer = target.connection.fetch(request)
    except NoAnswer as silence:
        yield Finding("HEAD ends at once.", str(silence), request)
        return
    if answer.status != 200 or answer.body:
        yield Finding("HEAD is answered as GET is, without a body.", str(answer), request)
        return
    stream = target.opening()
    for name in ("content-type", "cache-control", "x-accel-buffering"):
        of_get, of_head = stream.headers.get(name), answer.headers.get(name)
        if of_head != of_get:
            yield Finding(
                "HEAD answers with the headers of the same GET.", f"{name}: {of_head} and not {of_get}", request
            )
