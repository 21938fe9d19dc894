"""Checks of the version in which an event is stored, and of events that name no `eventId`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from app.check.findings import CannotCheck, Finding, NotSeen
from app.check.request import Request, Response
from app.check.target.listed_versions import (
    ListedVersion,
    default_version,
    listed_versions,
    oldest_major,
    schema_of,
    versions_on_pages,
)
from app.check.target.paging import read_page
from app.check.target.probe_events import encoded, key_name, new_event, publishing
from app.check.target.problem_faults import faults
from app.check.target.target import Target

# Values of a property of which only the name is known: one of them may satisfy its schema.
_VALUES: Final[tuple[Any, ...]] = ("check", "2024-05-01T10:00:00Z", "DE", "EUR", 1, True, ["check"], {})


def publish_version(target: Target) -> Iterator[Finding]:
    """An event is stored in the version that it names, or in the newest of the oldest major version that is not deprecated.

    This check publishes an event without a version and one in each version of that major, and reads them on a page. It yields a
    finding for each that the answer or the page shows in another version. If there is a later major, the page may show the newest
    version of the older one.
    """
    versions = _versions(target, new_event(target))
    default = default_version(versions)
    if default is not None:
        yield from _stored_in(target, _unversioned(new_event(target)), default)
    for named in oldest_major(versions):
        event = {**new_event(target), "schemaVersion": named.version}
        if schema_of(target, named).accepts(event["data"]):
            yield from _stored_in(target, event, named.version)


def _unversioned(event: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in event.items() if name != "schemaVersion"}


def _stored_in(target: Target, event: Mapping[str, Any], version: str) -> Iterator[Finding]:
    request = publishing(target, encoded(event))
    (answer,) = _published(target.session.fetch(request))
    of_it = target.page(("from", "earliest"), ("orderId", event["data"][key_name(target, event)]))
    page = read_page(target, target.session.fetch(of_it))
    shown = [answer["schemaVersion"], *(each.schema_version for each in page.events)]
    allowed = versions_on_pages(_versions(target, event), version)
    if shown[0] != version or not allowed.issuperset(shown):
        promised = f"The event is stored in the version {version}."
        yield Finding(promised, f"the answer and the page have {', '.join(shown)}", request)


def publish_held_to_version(target: Target) -> Iterator[Finding]:
    """An event is held to the schema of the version that it names, also if a newer one would permit it.

    This check publishes an event of an older version with a property that a newer one added. It yields a finding if it is not refused.
    Raises NotSeen if there is no such property.
    """
    event = new_event(target)
    versions = _versions(target, event)
    for older in versions[:-1]:
        old, new = schema_of(target, older), schema_of(target, versions[-1])
        for name in _added(target, older, versions[-1]):
            for value in _VALUES:
                data = {**event["data"], name: value}
                if new.accepts(data) and not old.accepts(data):
                    body = encoded({**event, "schemaVersion": older.version, "data": data})
                    response = target.session.fetch(publishing(target, body))
                    yield from faults(target, response, 422, f"{name} is not in {older.version}, which the event names")
                    return
    raise NotSeen("No version of the event type has a property that an older one refuses.")


def publish_unnamed(target: Target) -> Iterator[Finding]:
    """An event without an `eventId` gets one, and is stored each time that it is published.

    This check yields a finding if two such events have one `eventId` or one id, or if one of them is called a duplicate.
    """
    event = {name: value for name, value in new_event(target).items() if name != "eventId"}
    request = publishing(target, encoded([event, event]))
    answers = _published(target.session.fetch(request))
    names, ids = {each["eventId"] for each in answers}, {each["id"] for each in answers}
    if len(names) < len(answers) or len(ids) < len(answers) or any(each["duplicate"] for each in answers):
        yield Finding("Events without an `eventId` are stored each time.", f"{sorted(names)}, {sorted(ids)}", request)


def _published(response: Response) -> list[dict[str, Any]]:
    """Return the results in a response. Raises CannotCheck if it has none: the check `publish_once` reports that."""
    try:
        events = response.json()["events"]
        return [{name: each[name] for name in ("id", "eventId", "schemaVersion", "duplicate")} for each in events]
    except (ValueError, LookupError, TypeError):
        raise CannotCheck(f"The answer cannot be read: {response}") from None


def _versions(target: Target, event: Mapping[str, Any]) -> list[ListedVersion]:
    versions = listed_versions(target).get(event["eventType"], [])
    if not versions:
        raise NotSeen("The server lists no versions of the event type.")
    return versions


def _added(target: Target, older: ListedVersion, newer: ListedVersion) -> list[str]:
    old, new = ({*target.session.fetch(Request(each.path)).json().get("properties", {})} for each in (older, newer))
    return sorted(new - old)
