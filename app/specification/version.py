"""Versions as Semantic Versioning 2.0.0 defines them, without pre-releases and build metadata (https://semver.org)."""

from __future__ import annotations

import re
from enum import IntEnum
from typing import Final, NamedTuple

# Nine digits a number: every language that a consumer may use holds them in an integer.
PATTERN: Final = re.compile(r"(0|[1-9][0-9]{0,8})\.(0|[1-9][0-9]{0,8})\.(0|[1-9][0-9]{0,8})")


class Step(IntEnum):
    """The size of a version bump: major, minor, patch or none."""

    NONE = 0
    PATCH = 1
    MINOR = 2
    MAJOR = 3


class Version(NamedTuple):
    """A version with its major, minor and patch number. Versions are ordered by these numbers: 1.9.0 is before 1.10.0."""

    major: int
    minor: int
    patch: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"

    def next(self, step: Step) -> Version:
        """Return the version that follows this version after a bump of the given size, such as 1.3.0 after 1.2.5 (minor)."""
        match step:
            case Step.MAJOR:
                return Version(self.major + 1, 0, 0)
            case Step.MINOR:
                return Version(self.major, self.minor + 1, 0)
            case Step.PATCH:
                return Version(self.major, self.minor, self.patch + 1)
            case Step.NONE:
                return self

    def step_to(self, version: Version) -> Step:
        """Return the size of the bump from this version to `version`; NONE if `version` is not newer."""
        if version <= self:
            return Step.NONE
        if version.major != self.major:
            return Step.MAJOR
        return Step.MINOR if version.minor != self.minor else Step.PATCH


def parse_version(text: str) -> Version | None:
    """Parse a version such as 1.0.0; return None if the text is not a version."""
    found = PATTERN.fullmatch(text)
    return Version(*map(int, found.groups())) if found else None
