"""Versions as Semantic Versioning 2.0.0 has them, without pre-releases."""

from __future__ import annotations

import re
from typing import NamedTuple

from app.compatibility.change import Level

_VERSION = re.compile(r"(0|[1-9][0-9]{0,8})\.(0|[1-9][0-9]{0,8})\.(0|[1-9][0-9]{0,8})")


class Version(NamedTuple):
    """Major, minor and patch."""

    major: int
    minor: int
    patch: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"

    def stepped(self, level: Level) -> Version:
        """Return the next version that is a step of a level away."""
        match level:
            case Level.MAJOR:
                return Version(self.major + 1, 0, 0)
            case Level.MINOR:
                return Version(self.major, self.minor + 1, 0)
            case Level.PATCH:
                return Version(self.major, self.minor, self.patch + 1)
            case Level.NONE:
                return self


def read_version(text: str) -> Version | None:
    """Read a version; None where the text is none."""
    found = _VERSION.fullmatch(text)
    return Version(*map(int, found.groups())) if found else None


def step(before: Version, now: Version) -> Level:
    """Tell how far a version moved forward; not at all where it moved back."""
    if now <= before:
        return Level.NONE
    if now.major != before.major:
        return Level.MAJOR
    return Level.MINOR if now.minor != before.minor else Level.PATCH
