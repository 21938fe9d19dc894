"""The findings that the gate reports, each with the way to correct it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from app.compatibility.rules.change import Change

_REMEDIES: Final = (
    ("required-property-added", "Make it optional"),
    ("-became-required", "Leave it optional"),
    ("-became-optional", "Leave it required"),
    ("-removed", "Put it back (it may be marked as deprecated)"),
    ("parameter-added", "Make it optional"),
    ("-added", "Leave it out"),
)
"""The corrections other than a new version, by the end of the rule's name."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A violation of one rule at one place: the versions compared, the change between them, and how to correct it.

    `before` and `now` are empty if there was nothing to compare.
    """

    rule: str
    place: str
    before: str
    now: str
    change: str
    fix: str

    def __str__(self) -> str:
        versions = f"  versions  {self.before} -> {self.now}\n" if self.before else ""
        return f"{self.rule}: {self.place}\n{versions}  change    {self.change}\n  fix       {self.fix}"


def remedy(change: Change) -> str:
    """Return an instruction that undoes a change, as the beginning of a sentence."""
    return next((remedy for end, remedy in _REMEDIES if change.rule.endswith(end)), "Set it back")
