"""A rehearsal: each scenario with a new server, a new log and a new process of the consumer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

from app.background import in_background
from app.check.findings import Outcome, Result
from app.rehearse.consumer_process import ConsumerProcess, consumer_process
from app.rehearse.judge.applied import judge_applied
from app.rehearse.judge.presence import judge_presence
from app.rehearse.judge.returns import judge_returns
from app.rehearse.observed.applied_file import AppliedFile
from app.rehearse.observed.lag import Lag
from app.rehearse.observed.seen import Seen
from app.rehearse.observed.watch import Patience, Watch
from app.rehearse.rehearsed_events import RehearsedEvents
from app.rehearse.repetition import Repetition, finding_of
from app.rehearse.scenario import Scenario
from app.rehearse.scenario_table import scenarios
from app.rehearse.stage.server_behind import server_behind
from app.rehearse.stage.stage import REPORT_PATH, Stage
from app.specification.contracts import Contracts, load_contracts

URL_VARIABLE: Final = "ORDERS_EVENTS_URL"
REPORT_VARIABLE: Final = "ORDERS_EVENTS_REPORT_URL"
SCENARIO_VARIABLE: Final = "ORDERS_EVENTS_SCENARIO"

_MOST_FINDINGS: Final = 5  # of one scenario: more tend to have the same cause
_SLACK_SECONDS: Final = 1.0
_LAGS: Final = 5  # a consumer has several timers and processes that are each as late as ours


@dataclass(frozen=True, slots=True)
class Options:
    """What a rehearsal is run with.

    `command`: the consumer's program with its arguments. `root`: the folder of the contract. `applied`: a file in which the consumer
    reports what it applied. `jobs`: how many scenarios are played at a time.
    """

    command: tuple[str, ...]
    root: Path
    seed: int
    applied: Path | None = None
    patience: Patience = field(default_factory=Patience)
    jobs: int = 1


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """The result of one scenario; the last lines that the consumer printed; how many events it was to apply, and how many it reported."""

    result: Result
    output: Sequence[str]
    events: int
    reported: int


async def play(options: Options, names: Collection[str], on_result: Callable[[Rehearsed], None]) -> list[Rehearsed]:
    """Play all scenarios, or those in `names`, and return the results. `on_result` is called with each as soon as it is known.

    Raises StartupError if the contract is not valid, CannotStart if the command cannot be started.
    """
    places = asyncio.Semaphore(options.jobs)
    async with open_theatre(options.root) as theatre:
        rehearsal = Rehearsal(theatre, options)

        async def play_one(scenario: Scenario) -> Rehearsed:
            async with places:
                rehearsed = await rehearsal.play(scenario)
            on_result(rehearsed)
            return rehearsed

        chosen = [each for each in scenarios(theatre.contracts) if not names or each.name in names]
        playing = [asyncio.create_task(play_one(each)) for each in chosen]
        try:
            return await asyncio.gather(*playing)
        finally:
            for each in playing:
                each.cancel()
            await asyncio.gather(*playing, return_exceptions=True)


@dataclass(frozen=True, slots=True)
class Theatre:
    """What all scenarios share: the contract, and the host and port of the server behind."""

    contracts: Contracts
    behind: tuple[str, int]
    lag: Lag


@asynccontextmanager
async def open_theatre(root: Path) -> AsyncIterator[Theatre]:
    """Load the contract in a folder, and run a server of it. Raises StartupError."""
    contracts, lag = load_contracts(root / "contracts"), Lag()
    async with server_behind(root) as behind, in_background("The lag", lag.watch()):
        yield Theatre(contracts, behind, lag)


class Rehearsal:
    """All scenarios of one consumer."""

    def __init__(self, theatre: Theatre, options: Options) -> None:
        self._options = options
        self._contracts = theatre.contracts
        self._behind = theatre.behind
        self._lag = theatre.lag
        self._reports = options.applied is not None  # whether the consumer has ever reported what it applied

    async def play(self, scenario: Scenario) -> Rehearsed:
        """Play one scenario, and judge it."""
        options = self._options
        started = time.monotonic()
        events = RehearsedEvents(options.root, self._contracts, options.seed)
        stage = Stage(scenario, self._contracts, events, options.seed, self._behind)
        applied = AppliedFile(options.applied)
        applied.clear()
        async with stage.serving() as url:
            variables = {URL_VARIABLE: url, REPORT_VARIABLE: f"{url}{REPORT_PATH}", SCENARIO_VARIABLE: scenario.name}
            async with consumer_process(options.command, variables) as consumer:
                await self._watch(scenario, stage.seen, consumer, applied, started)
                if consumer.exited.done():
                    stage.seen.exited(consumer.exited.result())
                    await stage.drained()
                    stage.seen.take_reports(applied.rest())
                stage.seen.freeze()
        self._reports = self._reports or bool(stage.seen.reported)
        return self._judged(scenario, stage.seen, consumer.last_lines, started)

    async def _watch(
        self, scenario: Scenario, seen: Seen, consumer: ConsumerProcess, applied: AppliedFile, started: float
    ) -> None:
        """Return when the scenario is over, or the consumer has ended."""
        slack = partial(self._slack_seconds, started)
        watch = Watch(seen, scenario, self._options.patience, slack, reports=self._reports)
        while not (consumer.exited.done() or seen.is_endless or watch.is_over()):
            await seen.change()
            seen.take_reports(applied.new_lines())

    def _slack_seconds(self, started: float) -> float:
        """Return how much later everything may be than it should, because the machine is busy."""
        return _SLACK_SECONDS + _LAGS * self._lag.worst_seconds(started)

    def _judged(self, scenario: Scenario, seen: Seen, output: Sequence[str], started: float) -> Rehearsed:
        slack_seconds = self._slack_seconds(started)
        faults = [
            *judge_presence(seen, scenario, URL_VARIABLE, self._options.patience, slack_seconds),
            *judge_returns(seen, scenario, _SLACK_SECONDS + self._lag.worst_seconds(started) + scenario.slow_seconds),
            *judge_applied(seen, scenario, reports=self._reports),
        ]
        repetition = Repetition(scenario.name, self._options.seed, self._options.command)
        findings = tuple(finding_of(each, repetition) for each in faults[:_MOST_FINDINGS])
        outcome = Outcome.VIOLATED if findings else Outcome.HELD
        seconds = time.monotonic() - started
        result = Result(scenario.name, scenario.promise, outcome, seconds, findings=findings)
        return Rehearsed(result, output, len(seen.events_to_apply()), len(seen.reported))
