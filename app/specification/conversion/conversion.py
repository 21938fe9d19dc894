"""The conversion of events from one version to another, over as many majors as lie between them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, TypeAlias

import jiter

from app.specification.conversion.compiled import Convert, Data
from app.specification.conversion.table_pair import TablePair
from app.specification.strict_json import serialise
from app.specification.version import Version

Tables: TypeAlias = Mapping[Version, TablePair | None]
"""All versions of an event type, and the tables of each; those of its oldest major have none."""


class Conversion(NamedTuple):
    """How events of one version become events of another one.

    `version`: that of the outcome. `steps`: what is done to the data, one function for each major on the way; none if the outcome is the
    event as it is.
    """

    version: str
    steps: tuple[Convert, ...] = ()

    @property
    def is_identity(self) -> bool:
        return not self.steps

    def convert(self, data: Data) -> Data:
        """Convert parsed data, which is left as it is; the result may share values with it."""
        for step in self.steps:
            data = step(data)
        return data

    def text(self, data: str) -> str:
        """Convert data in the form of `serialise`, one line of ASCII JSON, to the same form."""
        return serialise(self.convert(jiter.from_json(data.encode()))) if self.steps else data


def conversion(tables: Tables, version: Version, major: int) -> Conversion:
    """Return how events of a version become events of another major, one of those in `tables`.

    On the way down, each version says by its table to which one its events come down. On the way up, there is one way: to the newest
    version of each major.
    """
    steps: list[Convert] = []
    while version.major > major:
        pair = _pair(tables, version)
        steps.append(pair.down)
        version = pair.older
    while version.major < major:
        next_major = min(each.major for each in tables if each.major > version.major)
        version = max(each for each in tables if each.major == next_major)
        steps.append(_pair(tables, version).up)
    return Conversion(str(version), tuple(steps))


def _pair(tables: Tables, version: Version) -> TablePair:
    pair = tables[version]
    if pair is None:
        raise LookupError(f"Version {version} was loaded without its tables.")
    return pair
