"""Rehearse consumers in this process, several at a time, in front of one server."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final, TypeAlias

from app.rehearse.observed.watch import Patience
from app.rehearse.rehearsal import Options, Rehearsal, Rehearsed, open_theatre
from app.rehearse.scenario_table import scenarios
from tests.support.programs import needed

ROOT: Final = Path(__file__).parents[2]
CONSUMERS: Final = Path(__file__).parent / "consumers"
SILENCE_SECONDS: Final = 2.0  # of the consumers in `consumers`
PATIENCE: Final = Patience(silence_seconds=SILENCE_SECONDS)

Played: TypeAlias = tuple[tuple[str, ...], str]
"""The command of a consumer, and the name of a scenario."""


def python_consumer(fault: str) -> tuple[str, ...]:
    return (sys.executable, "-S", str(CONSUMERS / "consumer.py"), fault)


def node_consumer(fault: str) -> tuple[str, ...]:
    return (needed("node"), str(CONSUMERS / "consumer.mjs"), fault)


def page_consumer(fault: str) -> tuple[str, ...]:
    return (sys.executable, "-S", str(CONSUMERS / "reader.py"), fault, "page")


def stored_consumer(fault: str) -> tuple[str, ...]:
    return (sys.executable, "-S", str(CONSUMERS / "reader.py"), fault, "stored")


def limited_consumer(fault: str) -> tuple[str, ...]:
    return (*python_consumer(fault), "2")


async def rehearse(played: Iterable[Played], *, jobs: int = 8, patience: Patience = PATIENCE) -> list[Rehearsed]:
    """Play scenarios with consumers, and return the results in the same order."""
    places = asyncio.Semaphore(jobs)
    async with open_theatre(ROOT) as theatre:
        known = {each.name: each for each in scenarios(theatre.contracts)}

        async def play(command: tuple[str, ...], name: str) -> Rehearsed:
            options = Options(command, ROOT, seed=1, patience=patience)
            async with places:
                return await Rehearsal(theatre, options).play(known[name])

        return await asyncio.gather(*(play(*each) for each in played))


async def names() -> Sequence[str]:
    """Return the names of all scenarios."""
    async with open_theatre(ROOT) as theatre:
        return [each.name for each in scenarios(theatre.contracts)]


def found(rehearsed: Rehearsed) -> str:
    """Return what was found, as one text; empty if the consumer passed."""
    findings = [f"{each.promised} {each.seen}" for each in rehearsed.result.findings]
    return "\n".join([*findings, *rehearsed.output]) if findings else ""
