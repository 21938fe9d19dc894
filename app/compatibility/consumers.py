"""Check the consumer contracts: the newest schema of a major version must have every property that consumers rely on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from app.compatibility.consumer_files import Consumer
from app.compatibility.finding import Finding
from app.compatibility.released.baseline import Baseline
from app.compatibility.released.release_dates import sunset_on
from app.compatibility.released.schema_files import SchemaFile
from app.specification.contracts import EventContract
from app.specification.pointer import parse_pointer
from app.specification.version import parse_version


class Presence(IntEnum):
    """Whether the data of a valid event contains a value at a certain JSON pointer: never, sometimes or always."""

    ABSENT = 0
    OPTIONAL = 1
    REQUIRED = 2


def check_consumers(
    consumers: Sequence[Consumer], schemas: Sequence[SchemaFile], baseline: Baseline
) -> Iterator[Finding]:
    """Yield a finding (a broken rule) for each part of a consumer contract that the newest event schema no longer guarantees.

    A consumer contract records the properties that a consumer reads and examples of data that the consumer accepts.
    `schemas`: the event schemas as they are now.
    `baseline`: the released contract.
    """
    for consumer in consumers:
        for index, read in enumerate(consumer.reads):
            yield from _Check(consumer, index, read, schemas, baseline).findings()


@dataclass(frozen=True, slots=True)
class _Check:
    """The check of one entry of a consumer contract against the newest event schema.

    A consumer contract records the parts of events that a consumer relies on; `index` is the entry's position under its member
    `reads`.
    """

    consumer: Consumer
    index: int
    read: Mapping[str, Any]
    schemas: Sequence[SchemaFile]
    baseline: Baseline

    def findings(self) -> Iterator[Finding]:
        event_type, major = self.read["eventType"], self.read["majorVersion"]
        of_type = [each for each in self.schemas if each.event_type == event_type]
        of_major = [each for each in of_type if each.version.major == major]
        if not of_type:
            yield self._finding("event-type", "eventType", "gone", f"reads {event_type}, which is gone")
        elif not of_major:
            yield self._finding("major-version", "majorVersion", "gone", f"reads {event_type} {major}, which is gone")
        elif (contract := of_major[-1].contract) is not None:
            yield from self._places(contract)
            yield from self._examples(contract)
            yield from self._sunset(of_major, of_type[-1])

    def _sunset(self, of_major: Sequence[SchemaFile], newest: SchemaFile) -> Iterator[Finding]:
        """Yield a finding if the major version that the consumer reads ends, because all of its versions do."""
        sunsets = [sunset_on(each) for each in of_major]
        last = max((day for day in sunsets if day is not None), default=None)
        if last is None or None in sunsets:
            return
        where, major = "majorVersion", newest.version.major
        what = f"reads {newest.event_type} {self.read[where]}, which ends on {last}"
        change = f"read major version {major}" if major != self.read[where] else "do without it"
        fix = f"Let {self.consumer.name} {change} first, and then change its file; or leave the sunset out."
        yield self._finding("major-version-ends", where, str(newest.version), what, fix)

    def _places(self, newest: EventContract) -> Iterator[Finding]:
        for kind in ("required", "optional"):
            for index, pointer in enumerate(self.read.get(kind, ())):
                found, where = presence(newest.schema, pointer), f"{kind}/{index}"
                if found is Presence.ABSENT:
                    what = f"reads {pointer}, which {newest.event_type} does not have"
                    yield self._finding("pointer-removed", where, str(newest.version), what)
                elif kind == "required" and found is Presence.OPTIONAL:
                    what = f"needs {pointer}, which {newest.event_type} does not require"
                    yield self._finding("pointer-optional", where, str(newest.version), what)

    def _examples(self, newest: EventContract) -> Iterator[Finding]:
        for index, example in enumerate(self.read["accepts"]):
            for pointer, message in newest.compiled.violations(example, 1)[0]:
                what = f"accepts an example that {newest.event_type} refuses: {pointer or 'it'} {message}"
                yield self._finding("example-refused", f"accepts/{index}", str(newest.version), what)

    def _finding(self, rule: str, where: str, now: str, what: str, fix: str = "") -> Finding:
        place = f"{self.consumer.file} at /reads/{self.index}/{where}"
        fix = fix or f"Give it back; or agree with {self.consumer.name} first, and then change its file."
        return Finding(f"consumer-{rule}", place, self._before(), now, f"the consumer {self.consumer.name} {what}", fix)

    def _before(self) -> str:
        """Return the newest released version within the major version that the consumer reads, such as 1.2.0.

        If no version is released, the result is the major version followed by `.x`, such as 1.x.
        """
        major = self.read["majorVersion"]
        versions = map(parse_version, self.baseline.digests.get(self.read["eventType"], {}))
        released = [version for version in versions if version is not None and version.major == major]
        return str(max(released)) if released else f"{major}.x"


def presence(schema: Mapping[str, Any], pointer: str) -> Presence:
    """Return whether data that is valid by `schema` always, sometimes or never has a value at the JSON pointer `pointer`.

    Only properties that the schema lists count. Unlisted properties do not count, even if the schema allows additional
    properties.
    """
    return _presence(schema, [str(token) for token in parse_pointer(pointer)])


def _presence(schema: Mapping[str, Any], steps: list[str]) -> Presence:
    if not steps:
        return Presence.REQUIRED
    schemas = list(_together(schema))
    found = [min(there, _presence(part, steps[1:])) for there, part in _parts(schemas, steps[0])]
    found.extend(each for one in schemas for each in _either(one, steps))
    return max(found, default=Presence.ABSENT)


def _together(schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield a schema and, recursively, the schemas in its `allOf`: a valid value must satisfy every one of these schemas."""
    yield schema
    for part in schema.get("allOf", ()):
        yield from _together(part)


def _parts(schemas: Sequence[Mapping[str, Any]], step: str) -> Iterator[tuple[Presence, Mapping[str, Any]]]:
    """Yield each schema of one property (or array item), and whether the property is required or optional in valid data.

    `schemas`: the schemas of the object or array.
    `step`: the name of the property, or the index of the item.
    """
    required = any(step in each.get("required", ()) for each in schemas)
    for each in schemas:
        if step in each.get("properties", {}):
            yield (Presence.REQUIRED if required else Presence.OPTIONAL), each["properties"][step]
        if "items" in each and step.isascii() and step.isdigit():
            there = int(step) < each.get("minItems", 0)
            yield (Presence.REQUIRED if there else Presence.OPTIONAL), each["items"]


def _either(schema: Mapping[str, Any], steps: list[str]) -> Iterator[Presence]:
    """Yield whether a value is present according to `anyOf`, and according to `oneOf`.

    The presence is REQUIRED if all alternatives require the value, OPTIONAL if at least one alternative allows the value.
    """
    for keyword in ("anyOf", "oneOf"):
        found = [_presence(part, steps) for part in schema.get(keyword, ())]
        if found:
            yield min(found) if min(found) is Presence.REQUIRED else min(max(found), Presence.OPTIONAL)
