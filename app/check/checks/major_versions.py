"""A check of `majorVersion`, with which a reader says for which major version of the schemas it was written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from app.check.checks.following import read_known
from app.check.findings import Finding, NotSeen
from app.check.foreign_json import read_json
from app.check.http.stream_blocks import OrderEvent
from app.check.request import excerpt
from app.check.target.differences import differences
from app.check.target.listed_versions import ListedVersion, listed_versions, schema_of
from app.check.target.paging import PAGE_EVENTS, walk
from app.check.target.target import Target

_NAME: Final = "majorVersion"


class _Pinned(NamedTuple):
    """What a reader of a major version has of an event type: its newest version, and whether readers that name none have that major, too."""

    version: ListedVersion
    is_oldest: bool

    @property
    def major(self) -> int:
        return self.version.numbers[0]


def major_version(target: Target) -> Iterator[Finding]:
    """A reader that names a major version has every event, in the greatest major version of its type up to that one.

    This check reads the log in each major version that the document has, as a stream and as pages. It yields a finding for each event
    that is missing, or is in another version, or does not satisfy its schema. Raises NotSeen if there are no versions to name.
    """
    parameter: Mapping[str, Any] = target.contract.parameters.get(_NAME, {})
    listed = listed_versions(target)
    if not parameter or not listed:
        raise NotSeen("The contract has no major versions to name.")
    for number in parameter["schema"].get("enum", []):
        pinned = {type: _pinned(versions, number) for type, versions in listed.items()}
        if not any(each.version.lifecycle == "retired" for each in pinned.values()):  # else such readers are refused
            yield from _on_stream(target, number, pinned)
            yield from _on_pages(target, number, pinned)


def _pinned(versions: Sequence[ListedVersion], number: int) -> _Pinned:
    """Return the newest version of the greatest major up to `number`, or of the oldest major if there are only greater ones."""
    majors = {each.numbers[0] for each in versions}
    major = max((each for each in majors if each <= number), default=min(majors))
    newest = max((each for each in versions if each.numbers[0] == major), key=lambda each: each.numbers)
    return _Pinned(newest, major == min(majors))


def _on_stream(target: Target, number: int, pinned: Mapping[str, _Pinned]) -> Iterator[Finding]:
    log = target.log()
    request = target.finite(("from", "earliest"), (_NAME, str(number)))
    events = read_known(target, log, log.events, request).events
    expected, came = ([_comparable(event, pinned) for event in each] for each in (log.events, events))
    promised = f"A reader of the major version {number} has every event."
    yield from differences(target, log, expected, came, request=request, promised=promised)
    converted = {event.event: event for event in events if event.event in pinned and not pinned[event.event].is_oldest}
    for type, event in converted.items():  # one of each type
        version = pinned[type].version
        if not _satisfies(target, version, event):
            promised = (
                f"For a reader of the major version {number}, {excerpt(type)} satisfies its schema {version.version}."
            )
            yield Finding(promised, excerpt(event.data), request, (event.id,))


def _comparable(event: OrderEvent, pinned: Mapping[str, _Pinned]) -> OrderEvent:
    """Return an event without its data if it is in another major version than in the log that was read."""
    known = pinned.get(event.event)
    return event if known is None or known.is_oldest else event._replace(data="")


def _satisfies(target: Target, version: ListedVersion, event: OrderEvent) -> bool:
    try:
        return schema_of(target, version).accepts(read_json(event.data))
    except ValueError:
        return False


def _on_pages(target: Target, number: int, pinned: Mapping[str, _Pinned]) -> Iterator[Finding]:
    log = target.log()
    last = log.events[-1].id
    named = ((_NAME, str(number)),)
    start = ("from", "earliest")
    for each in walk(
        target, start, lambda each: each.id == last, size=PAGE_EVENTS, most=len(log.events), filters=named
    ):
        known = pinned.get(each.event_type)
        if known is not None and each.schema_version.partition(".")[0] != str(known.major):
            promised = (
                f"For a reader of the major version {number}, {excerpt(each.event_type)} has the major {known.major}."
            )
            yield Finding(promised, f"schemaVersion {excerpt(each.schema_version)}", each.request, (each.id,))
