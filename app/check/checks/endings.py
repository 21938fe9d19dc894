"""Checks of the end of an event stream, and of the heartbeats that a stream sends while no event arrives."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from app.check.checks.following import begins_with_gap, is_expired
from app.check.findings import Finding, NoAnswer, NotSeen
from app.check.http.event_stream import Stream
from app.check.http.stream_blocks import Block
from app.check.request import excerpt
from app.check.target.target import Target


def closing(target: Target) -> Iterator[Finding]:
    """A stream that the server ends has a last frame with the reason, and without an id.

    This check yields a finding for each ended stream whose last frame is not such a `stream.closing` frame.
    """
    whole = target.ending()
    cut = target.session.read(target.finite(("from", "earliest"), ("limit", "1")), lambda _: False)
    streams = [stream for stream in (whole, cut) if stream.status == 200]
    if not streams:
        raise NotSeen("The log is empty, so every stream that ends is a 204.")
    for stream in streams:
        yield from _last_frame(stream)
    if whole.closings and whole.closings[-1].member("reason") != "end":
        promised = "`follow=false` ends the stream with `stream.closing` and the reason `end`."
        yield Finding(promised, excerpt(whole.closings[-1].text), whole.request)


def _last_frame(stream: Stream) -> Iterator[Finding]:
    last = stream.blocks[-1] if stream.blocks else Block(())
    if last.event != "stream.closing":
        seen = f"the last frame was {excerpt(last.text)}"
        yield Finding("The last frame of a stream is a `stream.closing` with the reason.", seen, stream.request)
    for block in stream.closings:
        if block.values("id"):
            yield Finding("`stream.closing` has no id.", excerpt(block.text), stream.request)


def heartbeat(target: Target) -> Iterator[Finding]:
    """A stream on which no event arrives sends a heartbeat within the promised time.

    This check yields a finding if neither a comment line nor a `stream.checkpoint` event came in time.
    """
    idle = target.idle()
    if not idle.heartbeat_came:
        within = target.heartbeat_seconds
        promised = f"At most {within:g} seconds after the last byte, a comment line or a `stream.checkpoint` follows."
        yield Finding(promised, f"nothing came for more than {within:g} s", idle.stream.request)


def end_of_log(target: Target) -> Iterator[Finding]:
    """`follow=false` is answered with 204 if nothing is stored after the start position, whatever the filter.

    This check requests streams that start at the end of the event log and do not wait for new events; it yields a finding for each whose
    status is not 204. With a restricted token, the stream must begin and end instead.
    """
    status = 200 if target.options.restrictions else 204
    last = [event.id for event in target.stored().events[-1:] if target.stored().whole and event.id]
    starts = ((), (target.matching_nothing,), *((("lastEventId", id),) for id in last))
    for parameters in starts:
        stream = target.session.read(target.finite(*parameters), lambda reader: bool(reader.events))
        if stream.status != status and not stream.events:  # others may publish meanwhile
            promised = f"{status} if nothing is stored after the position at which the stream would start."
            yield Finding(promised, f"{stream.status}: {excerpt(stream.raw)}", stream.request)


def end_checkpoint(target: Target) -> Iterator[Finding]:
    """A stream that ends after events that its filter skipped has a checkpoint before its end, from which a client goes on.

    This check reads such a stream, which no event matches. It yields a finding if it is not sent, if the checkpoint is missing, or if a
    stream that is resumed after it has events that were skipped.
    """
    log = target.log()
    stream = target.ending()
    checkpoint = next((block for block in stream.blocks[1:] if block.event == "stream.checkpoint" and block.id), None)
    if checkpoint is None:
        promised = "After events that the filter skipped, a `stream.checkpoint` comes before the end."
        yield Finding(promised, f"{stream.status}: {excerpt(stream.raw)}", stream.request)
        return
    resumed = target.read(target.finite(("lastEventId", str(checkpoint.id))), 1)
    again = [event.id for event in resumed.events[:1] if event.id in log.ids and not is_expired(resumed)]
    if again or (begins_with_gap(resumed) and not is_expired(resumed)):
        promised = "After the id of a checkpoint, no event comes that the filter had skipped, and no gap."
        yield Finding(promised, f"{again or 'a gap'} came", resumed.request, tuple(again))


def head(target: Target) -> Iterator[Finding]:
    """HEAD answers with the headers of the same GET, and ends at once.

    This check yields a finding if a HEAD request for a stream does not end, has a body, or has other headers than the GET
    request.
    """
    request = replace(target.stream(), method="HEAD")
    try:
        response = target.session.fetch(request)
    except NoAnswer as silence:
        yield Finding("HEAD ends at once.", str(silence), request)
        return
    if response.status != 200 or response.body:
        yield Finding("HEAD is answered like GET, but without a body.", str(response), request)
        return
    stream = target.opening()
    for name in ("content-type", "cache-control", "x-accel-buffering"):
        of_get, of_head = stream.headers.get(name), response.headers.get(name)
        if of_head != of_get:
            yield Finding(
                "HEAD answers with the headers of the same GET.", f"{name}: {of_head} and not {of_get}", request
            )
