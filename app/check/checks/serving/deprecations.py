"""A check of how those are told who read or publish what is deprecated: by headers, and on a stream by a control event."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from email.utils import format_datetime

import httpx

from app.check.findings import Finding, NotSeen
from app.check.http.event_stream import Stream
from app.check.request import Repeatable, excerpt
from app.check.target.listed_versions import ListedVersion, listed_versions, schema_of
from app.check.target.probe_events import encoded, new_event, publishing
from app.check.target.target import Target


def deprecation(target: Target) -> Iterator[Finding]:
    """Readers and publishers of a version that is deprecated are told so, with its sunset if it has one; others are not.

    This check reads each type in its oldest major version, as a stream and as a page. It yields a finding for each that lacks the headers
    or the control event although the list of event types names the version as deprecated, or the other way around. With `--publish`, it
    publishes in the versions that are deprecated. Raises NotSeen if there is no list of event types.
    """
    listed = listed_versions(target)
    if not listed:
        raise NotSeen("The server lists no event types.")
    for type in target.order_types:
        versions = listed.get(type, [])
        if versions:
            yield from _told_to_reader(target, type, versions)
            if target.options.publish and type in target.contract.examples:
                yield from _told_to_publisher(target, type, versions)


def _told_to_reader(target: Target, type: str, versions: Sequence[ListedVersion]) -> Iterator[Finding]:
    newest = max(versions, key=lambda each: each.numbers)
    major = versions[0].numbers[0]
    last = max((each for each in versions if each.numbers[0] == major), key=lambda each: each.numbers)
    if last.lifecycle == "retired":
        return  # readers are refused
    ends = last.sunset_on if newest.numbers[0] > major else ""  # without a successor, readers go on
    wanted = _headers(last.deprecated_on, ends)
    filter = ("eventTypes", type)
    page = target.session.fetch(target.page(filter, ("limit", "1")))
    yield from _compared(page.headers, wanted, page.request)
    stream = target.session.read(target.stream(filter), lambda reader: len(reader.blocks) > bool(last.deprecated_on))
    yield from _compared(stream.headers, wanted, stream.request)
    yield from _in_band(stream, type, major, last)


def _in_band(stream: Stream, type: str, major: int, last: ListedVersion) -> Iterator[Finding]:
    told = [
        (each.member("eventType"), each.member("majorVersion"), each.member("deprecatedOn"), each.member("sunsetOn"))
        for each in stream.blocks[1:]
        if each.event == "stream.deprecation"
    ]
    wanted = [(type, major, last.deprecated_on, last.sunset_on or None)] if last.deprecated_on else []
    if told != wanted:
        promised = "A stream says in `stream.deprecation` what of it is deprecated, and nothing else."
        yield Finding(promised, f"it said {excerpt(told)} and not {excerpt(wanted)}", stream.request)


def _told_to_publisher(target: Target, type: str, versions: Sequence[ListedVersion]) -> Iterator[Finding]:
    for each in versions:
        event = {**new_event(target, event_type=type), "schemaVersion": each.version}
        if each.lifecycle != "deprecated" or not schema_of(target, each).accepts(event["data"]):
            continue
        response = target.session.fetch(publishing(target, encoded(event)))
        yield from _compared(response.headers, _headers(each.deprecated_on, each.sunset_on), response.request)


def _headers(deprecated_on: str, sunset_on: str) -> dict[str, str | None]:
    """Return the headers that tell of a version, by the days in the list of event types; None for one that must not be there."""
    return {
        "deprecation": f"@{_midnight(deprecated_on).timestamp():.0f}" if deprecated_on else None,
        "sunset": format_datetime(_midnight(sunset_on), usegmt=True) if sunset_on else None,
    }


def _midnight(day: str) -> datetime:
    try:
        return datetime.fromisoformat(day).replace(tzinfo=UTC)
    except ValueError:
        raise NotSeen(f"The list of event types has a day that is none: {excerpt(day)}.") from None


def _compared(headers: httpx.Headers, wanted: dict[str, str | None], request: Repeatable) -> Iterator[Finding]:
    came = {name: headers.get(name) for name in wanted}
    if came != wanted:
        yield Finding(
            "Deprecation and Sunset are those of the version in use.", f"{excerpt(came)}, not {wanted}", request
        )
    elif wanted["deprecation"] and 'rel="deprecation"' not in headers.get("link", ""):
        seen = f"Link: {excerpt(headers.get('link', ''))}"
        yield Finding("Link leads to what to do about a deprecation.", seen, request)
