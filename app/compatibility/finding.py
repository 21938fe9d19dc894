"""The findings (broken rules) that the compatibility gate reports, each with the way to correct it."""

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
    """A broken rule that the compatibility gate found when it compared the contract with its released form.

    `rule`: the name of the rule.
    `place`: the file, and the location in it.
    `before`, `now`: the two versions that were compared; empty if nothing was compared.
    `change`: the difference between the two versions.
    `fix`: how to correct the contract.
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
    """Return how to undo a change, as the beginning of a sentence without its full stop, such as `Put it back`."""
    return next((remedy for end, remedy in _REMEDIES if change.rule.endswith(end)), "Set it back")
