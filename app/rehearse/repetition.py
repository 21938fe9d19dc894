"""How a scenario is played again: the command that a report shows beside each finding."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from app.check.findings import Finding
from app.rehearse.judge.fault import Fault


@dataclass(frozen=True, slots=True)
class Repetition:
    """One scenario with its seed, and the command of the consumer."""

    scenario: str
    seed: int
    consumer: tuple[str, ...]

    def command(self, _base: str) -> str:
        """Return the shell command that plays the scenario again. The address of its server is another one each time."""
        options = ("--scenario", self.scenario, "--seed", str(self.seed))
        return shlex.join(("orders-events", "rehearse", *options, "--", *self.consumer))


def finding_of(fault: Fault, repetition: Repetition) -> Finding:
    """Return a fault of a consumer as a finding of a report."""
    return Finding(fault.to_do, fault.seen, repetition, fault.ids)
