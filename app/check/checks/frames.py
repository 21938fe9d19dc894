"""Checks of the frames of an event stream: first of their raw bytes, then of the events that a decoder finds in these bytes."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from httpx_sse import ServerSentEvent

from app.check.findings import Finding, NotSeen
from app.check.foreign_json import read_json
from app.check.http.stream_blocks import Block
from app.check.request import Request, excerpt
from app.check.target.paging import PAGE_EVENTS, PageEvent, walk
from app.check.target.stored_log import StoredLog
from app.check.target.target import Target
from app.specification.errors import InvalidContract
from app.specification.schema.schema import Schema, compile_schema


def comments(target: Target) -> Iterator[Finding]:
    """No comment stands alone between blank lines, because some decoders take that for an empty event.

    This check yields a finding for each block of a stream (the lines between two blank lines) without data.
    """
    for stream in target.observed():
        for block in stream.blocks:
            if not block.values("data"):
                promised = "Between blank lines there is a frame with data; no blank line follows a comment."
                yield Finding(promised, f"a block without data: {excerpt(block.text)}", stream.request)


def data_lines(target: Target) -> Iterator[Finding]:
    """The data of each frame is one line of JSON in ASCII.

    This check yields a finding for each frame whose `data` field has several lines, is not ASCII, or is not JSON.
    """
    for stream in target.observed():
        for block in stream.blocks:
            fault = _data_fault(block)
            if fault is not None:
                seen = f"{fault}: {excerpt(block.text)}"
                yield Finding("`data` is one line of JSON in ASCII.", seen, stream.request, _ids(block))


def _data_fault(block: Block) -> str | None:
    lines = block.values("data")
    if len(lines) > 1:
        return f"{len(lines)} lines of data"
    if not block.text.isascii():
        return "not ASCII"
    try:
        read_json(lines[0] if lines else b"null")  # a frame without data is found by the check `comments`
    except ValueError:
        return "not JSON"
    return None


def _ids(block: Block) -> tuple[str, ...]:
    return () if block.id is None else (block.id,)


def event_names(target: Target) -> Iterator[Finding]:
    """Every frame has a name that the contract lists.

    The name of a frame is its `event` field. This check yields a finding for each frame with another name.
    """
    for stream in target.observed():
        for frame in stream.frames():
            if frame.data and frame.event not in target.contract.frames:
                names = ", ".join(target.contract.frames)
                yield Finding(f"The name of a frame is one of {names}.", _named(frame), stream.request, (frame.id,))


def payloads(target: Target) -> Iterator[Finding]:
    """Every frame satisfies its schema, and every event on a page the schema of its type and version.

    This check yields a finding for each frame of a stream, and for each event on a page, that its schema does not accept.
    """
    for stream in target.observed():
        for frame in stream.frames():
            schema = target.contract.frames.get(frame.event)
            violation = schema and _frame_violation(schema, frame)
            if violation:
                seen = f"{violation}: {_named(frame)}"
                yield Finding(
                    f"A frame {frame.event} is as the contract describes it.", seen, stream.request, (frame.id,)
                )
    log = target.stored()
    if not log.events:
        raise NotSeen("The log is empty, so only control events were checked.")
    yield from _on_pages(target, log)


def _on_pages(target: Target, log: StoredLog) -> Iterator[Finding]:
    schemas: dict[tuple[str, str], Schema | None] = {}
    last = log.events[-1].id
    events = walk(target, ("from", "earliest"), lambda event: event.id == last, size=PAGE_EVENTS, most=len(log.events))
    for event in events:
        version = event.event_type, event.schema_version
        if version not in schemas:
            schemas[version] = _linked(target, event)
        schema = schemas[version]
        violation = schema and _violation(schema, event.data)
        if violation:
            promised = f"Every {event.event_type} satisfies its schema {event.schema_version}."
            yield Finding(promised, f"{violation}: {excerpt(json.dumps(event.data))}", event.request, (event.id,))


def _linked(target: Target, event: PageEvent) -> Schema | None:
    """Fetch and compile the schema of an event's type and version; return None if this fails.

    The check `event_schemas` reports a schema that cannot be fetched or compiled.
    """
    template = target.contract.paths.get("getEventSchema")
    if template is None:
        return None
    path = template.replace("{eventType}", event.event_type).replace("{version}", event.schema_version)
    try:
        return compile_schema(target.session.fetch(Request(path)).json(), path)
    except (ValueError, AttributeError, InvalidContract):
        return None


def _frame_violation(schema: Schema, frame: ServerSentEvent) -> str | None:
    """Return a description of the first violation of `schema` by a frame; None if the frame is valid.

    The schema describes an object with the fields of a frame; its member `data` is the parsed JSON. If the data is not JSON, the
    result is None, because the check `data_lines` reports such a frame.
    """
    try:
        data = read_json(frame.data)
    except ValueError:
        return None  # the check `data_lines` reports that
    retry = {} if frame.retry is None else {"retry": frame.retry}
    return _violation(schema, {"event": frame.event, "data": data, **retry})


def _violation(schema: Schema, value: Any) -> str | None:
    violations, _ = schema.violations(value, 1)
    return next((f"{violation.pointer or 'it'} {violation.message}" for violation in violations), None)


def _named(frame: ServerSentEvent) -> str:
    return f"{excerpt(frame.event)} {excerpt(frame.data)}"


def ids(target: Target) -> Iterator[Finding]:
    """Every order event has an id of its own, which matches the contract's pattern.

    This check yields a finding for each id that does not match the pattern, and for each id that several events have.
    """
    log = target.stored()
    if not log.events:
        raise NotSeen("The log is empty.")
    request = log.stream.request
    for event in log.events:
        if target.contract.position.violations(event.id, 1)[1]:
            yield Finding(
                "An id matches the contract's pattern.", f"{excerpt(event.id)!r} of {excerpt(event.data)}", request
            )
    for repeated, times in Counter(event.id for event in log.events).items():
        if repeated and times > 1:
            yield Finding(
                "No two events have the same id.",
                f"{times} events have the id {excerpt(repeated)}",
                request,
                (repeated,),
            )
