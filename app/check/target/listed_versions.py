"""The versions of the event types, as the server under check lists them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from app.check.findings import NotSeen
from app.check.request import Request
from app.check.target.target import Target
from app.specification.errors import InvalidContract
from app.specification.schema.schema import Schema, compile_schema


class ListedVersion(NamedTuple):
    """A version of an event type: its number, its lifecycle such as `current`, and the path of its schema.

    `deprecated_on`, `sunset_on`: the days since when it is deprecated, and from when on it is retired; empty if there is none.
    """

    version: str
    lifecycle: str
    path: str
    deprecated_on: str = ""
    sunset_on: str = ""

    @property
    def numbers(self) -> tuple[int, ...]:
        return tuple(map(int, self.version.split(".")))

    @property
    def is_current(self) -> bool:
        return self.lifecycle == "current"


def listed_versions(target: Target) -> dict[str, list[ListedVersion]]:
    """Return the versions of each event type in ascending order; none if the server has no list that can be read.

    The check `event_schemas` reports a list that differs from the contract.
    """
    path = target.contract.paths.get("listEventTypes")
    if path is None:
        return {}
    try:
        listed = target.session.fetch(Request(path)).json()
        return {
            each["eventType"]: [
                ListedVersion(
                    str(version["version"]),
                    str(version["lifecycle"]),
                    str(version["schema"]),
                    str(version.get("deprecatedOn", "")),
                    str(version.get("sunsetOn", "")),
                )
                for version in each["versions"]
            ]
            for each in listed["eventTypes"]
        }
    except (ValueError, LookupError, TypeError):
        return {}


def default_version(versions: Sequence[ListedVersion]) -> str | None:
    """Return the version of an event that names none: the newest of the oldest major version that is not deprecated."""
    living = oldest_major(versions)
    return max(living, key=lambda each: each.numbers).version if living else None


def oldest_major(versions: Sequence[ListedVersion]) -> list[ListedVersion]:
    """Return the versions of the oldest major version that has one that is not deprecated, without the deprecated ones."""
    current = [each for each in versions if each.is_current]
    oldest = min((each.numbers[0] for each in current), default=0)
    return [each for each in current if each.numbers[0] == oldest]


def is_superseded(versions: Sequence[ListedVersion], version: str) -> bool:
    """Return whether there is a later major than that of a version, in the form of which events of the version are stored."""
    major = int(version.partition(".")[0])
    return any(each.numbers[0] > major for each in versions)


def versions_on_pages(versions: Sequence[ListedVersion], version: str) -> set[str]:
    """Return in which versions an event may be on a page for readers of its major: its own, and, if it is superseded, the newest one."""
    major = int(version.partition(".")[0])
    of_major = [each for each in versions if each.numbers[0] == major]
    newest = {max(of_major, key=lambda each: each.numbers).version} if is_superseded(versions, version) else set()
    return {version, *newest}


def schema_of(target: Target, version: ListedVersion) -> Schema:
    """Return the schema of a version. Raises NotSeen if it cannot be read, which the check `event_schemas` reports."""
    try:
        return compile_schema(target.session.fetch(Request(version.path)).json(), version.path)
    except (ValueError, AttributeError, InvalidContract):
        raise NotSeen(f"The schema at {version.path} cannot be read.") from None
