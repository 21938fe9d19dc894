"""What each frame of a stream is made of: raw bytes first, then what a decoder makes of them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from httpx_sse import ServerSentEvent

from app.check.findings import Finding, NotSeen
from app.check.foreign_json import read_json
from app.check.http.blocks import Block
from app.check.request import Request, shown
from app.check.target.paging import PAGE_EVENTS, PageEvent, walk
from app.check.target.stored_log import Log
from app.check.target.target import Target
from app.specification.errors import InvalidContract
from app.specification.schema.schema import Schema, compile_schema


def comments(target: Target) -> Iterator[Finding]:
    """No comment stands alone between blank lines, where decoders take it for an empty event."""
    for stream in target.observed():
        for block in stream.blocks:
            if not block.values("data"):
                promised = "Between blank lines stands a frame with data; a comment has no blank line after it."
                yield Finding(promised, f"a block without data: {shown(block.text)}", stream.request)


def data_lines(target: Target) -> Iterator[Finding]:
    """The data of each frame is one line of JSON in ASCII."""
    for stream in target.observed():
        for block in stream.blocks:
            fault = _data_fault(block)
            if fault is not None:
                seen = f"{fault}: {shown(block.text)}"
                yield Finding("`data` is one line of JSON in ASCII.", seen, stream.request, _ids(block))


def _data_fault(block: Block) -> str | None:
    lines = block.values("data")
    if len(lines) > 1:
        return f"{len(lines)} lines of data"
    if not block.text.isascii():
        return "not ASCII"
    try:
        read_json(lines[0] if lines else b"null")  # no line at all is for `comments` to find
    except ValueError:
        return "not JSON"
    return None


def _ids(block: Block) -> tuple[str, ...]:
    return () if block.id is None else (block.id,)


def event_names(target: Target) -> Iterator[Finding]:
    """Every frame bears a name that the contract has."""
    for stream in target.observed():
        for frame in stream.frames():
            if frame.data and frame.event not in target.contract.frames:
                names = ", ".join(target.contract.frames)
                yield Finding(f"The name of a frame is one of {names}.", _named(frame), stream.request, (frame.id,))


def payloads(target: Target) -> Iterator[Finding]:
    """Every frame satisfies its schema, and every event on a page the schema of its type and version."""
    for stream in target.observed():
        for frame in stream.frames():
            schema = target.contract.frames.get(frame.event)
            violation = schema and _frame_breach(schema, frame)
            if violation:
                seen = f"{violation}: {_named(frame)}"
                yield Finding(
                    f"A frame {frame.event} is as the contract describes it.", seen, stream.request, (frame.id,)
                )
    log = target.stored()
    if not log.events:
        raise NotSeen("The log is empty; only control events were seen.")
    yield from _on_pages(target, log)


def _on_pages(target: Target, log: Log) -> Iterator[Finding]:
    schemas: dict[tuple[str, str], Schema | None] = {}
    last = log.events[-1].id
    events = walk(target, ("from", "earliest"), lambda event: event.id == last, size=PAGE_EVENTS, most=len(log.events))
    for event in events:
        version = event.event_type, event.schema_version
        if version not in schemas:
            schemas[version] = _linked(target, event)
        schema = schemas[version]
        violation = schema and _breach(schema, event.data)
        if violation:
            promised = f"Every {event.event_type} satisfies its schema {event.schema_version}."
            yield Finding(promised, f"{violation}: {shown(json.dumps(event.data))}", event.request, (event.id,))


def _linked(target: Target, event: PageEvent) -> Schema | None:
    """Compile the schema that an event names; None where there is none to be had, which is `event_schemas`' to tell."""
    template = target.contract.paths.get("getEventSchema")
    if template is None:
        return None
    path = template.replace("{eventType}", event.event_type).replace("{version}", event.schema_version)
    try:
        return compile_schema(target.connection.fetch(Request(path)).json(), path)
    except (ValueError, AttributeError, InvalidContract):
        return None


def _frame_breach(schema: Schema, frame: ServerSentEvent) -> str | None:
    """Hold a frame to its schema in the form that the contract describes: parsed data, and the fields that it has."""
    try:
        data = read_json(frame.data)
    except ValueError:
        return None  # for `data_lines` to find
    retry = {} if frame.retry is None else {"retry": frame.retry}
    return _breach(schema, {"event": frame.event, "data": data, **retry})


def _breach(schema: Schema, value: Any) -> str | None:
    violations, _ = schema.violations(value, 1)
    return next((f"{violation.pointer or 'it'} {violation.message}" for violation in violations), None)


def _named(frame: ServerSentEvent) -> str:
    return f"{shown(frame.event)} {shown(frame.data)}"


def ids(target: Target) -> Iterator[Finding]:
    """Every order event has an id of its own, which matches the contract's pattern."""
    log = target.stored()
    if not log.events:
        raise NotSeen("The log is empty.")
    request = log.stream.request
    for event in log.events:
        if target.contract.position.violations(event.id, 1)[1]:
            yield Finding(
                "An id matches the contract's pattern.", f"{shown(event.id)!r} of {shown(event.data)}", request
            )
    for repeated, times in Counter(event.id for event in log.events).items():
        if repeated and times > 1:
            yield Finding(
                "An id names one event.", f"{times} events have the id {shown(repeated)}", request, (repeated,)
            )
