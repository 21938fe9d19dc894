"""The headers of answers about what is deprecated: `Deprecation` (RFC 9745), `Sunset` (RFC 8594) and `Link` (RFC 8288)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from email.utils import formatdate
from typing import NamedTuple

from app.specification.contracts import Contracts
from app.specification.deprecated_majors import DeprecatedMajor
from app.specification.deprecation import Deprecation
from app.specification.strict_json import JsonValue


class _Part(NamedTuple):
    """What is deprecated of a request, and the moments of it, in seconds since 1970-01-01 UTC."""

    event_type: str
    deprecated_at: int
    ends_at: float


def reader_headers(deprecations: Sequence[DeprecatedMajor]) -> dict[str, str]:
    """Return the headers for a reader of deprecated major versions; none if there are none."""
    return _headers([_Part(each.event_type, each.deprecation.deprecated_at, each.ends_at) for each in deprecations])


class DeprecatedVersions:
    """The deprecated versions in which events are published; most often there are none."""

    def __init__(self, contracts: Contracts) -> None:
        self._known = dict(_deprecated(contracts))

    def headers(self, submissions: Iterable[JsonValue]) -> dict[str, str]:
        """Return the headers for a publisher of events that were accepted; none if they are of versions that are not deprecated."""
        if not self._known:
            return {}
        used = {_version(each) for each in submissions if isinstance(each, dict)}
        found = [(event_type, self._known.get((event_type, version))) for event_type, version in sorted(used, key=str)]
        return _headers([_Part(name, each.deprecated_at, each.sunset_at) for name, each in found if each is not None])


def _deprecated(contracts: Contracts) -> Iterable[tuple[tuple[str, str | None], Deprecation]]:
    for event_type in contracts.event_types:
        for version in contracts.versions(event_type):
            deprecation = contracts.get(event_type, version).deprecation
            if deprecation is not None:
                yield (event_type, str(version)), deprecation
                if version == contracts.default_version(event_type):
                    yield (event_type, None), deprecation


def _version(submission: Mapping[str, JsonValue]) -> tuple[str, str | None]:
    version = submission.get("schemaVersion")
    return str(submission["eventType"]), None if version is None else str(version)


def _headers(parts: Sequence[_Part]) -> dict[str, str]:
    if not parts:
        return {}
    names = dict.fromkeys(each.event_type for each in parts)
    ending = dict.fromkeys(each.event_type for each in parts if each.ends_at < math.inf)
    links = [*(_link(name, "deprecation") for name in names), *(_link(name, "sunset") for name in ending)]
    sunset = min(each.ends_at for each in parts)
    return {
        "Deprecation": f"@{min(each.deprecated_at for each in parts)}",
        **({"Sunset": formatdate(sunset, usegmt=True)} if ending else {}),
        "Link": ", ".join(links),
    }


def _link(event_type: str, relation: str) -> str:
    return f'</docs/events#{event_type}>; rel="{relation}"'
