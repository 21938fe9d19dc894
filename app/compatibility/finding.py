"""What the gate reports: one violation, so that who reads it knows what to do."""

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
"""What else than a new version helps, by the end of the rule's name."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One violation: the rule, the place, the two versions, what changed between them, and what to do.

    The versions are empty where nothing could be compared.
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
    """Say what undoes a change, as the beginning of a sentence."""
    return next((remedy for end, remedy in _REMEDIES if change.rule.endswith(end)), "Set it back")
