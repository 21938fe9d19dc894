"""A rehearsal: each scenario with a new server, a new log and a new process of the consumer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from app.background import in_background
from app.check.findings import Outcome, Result
from app.rehearse.applied_file import AppliedFile
from app.rehearse.consumer_process import ConsumerProcess, consumer_process
from app.rehearse.judge.applied import judge_applied
from app.rehearse.judge.presence import judge_presence
from app.rehearse.judge.returns import judge_returns
from app.rehearse.lag import Lag
from app.rehearse.rehearsed_events import RehearsedEvents
from app.rehearse.repetition import Repetition, finding_of
from app.rehearse.scenario import Ending, Refusal, Scenario, Stream
from app.rehearse.scenario_table import scenarios
from app.rehearse.seen import Phase, Seen
from app.rehearse.stage.server_behind import server_behind
from app.rehearse.stage.stage import REPORT_PATH, Stage
from app.specification.contracts import Contracts, load_contracts

URL_VARIABLE: Final = "ORDERS_EVENTS_URL"
REPORT_VARIABLE: Final = "ORDERS_EVENTS_REPORT_URL"
SCENARIO_VARIABLE: Final = "ORDERS_EVENTS_SCENARIO"

_MOST_FINDINGS: Final = 5  # of one scenario: more tend to have the same cause
_LEAST_HOLD_SECONDS: Final = 0.6  # a second connection is noticed in this time
# Ten times the shortest retry time and more: who comes back after the end does it in this time.
_QUIET_SECONDS: Final = 2.0
_LONGEST_SECONDS: Final = 120.0  # of a scenario, for a slow machine
_REPORT_SECONDS: Final = 5.0  # after the last one: what was not reported by then never will be
_SLACK_SECONDS: Final = 1.0
_LAGS: Final = 5  # a consumer has several timers and processes that are each as late as ours


@dataclass(frozen=True, slots=True)
class Options:
    """What a rehearsal is run with. Times are in seconds.

    `command`: the consumer's program with its arguments. `root`: the folder of the contract. `applied`: a file in which the consumer
    reports what it applied. `start_seconds`: how long it may take to begin. `silence_seconds`: how long it waits for a silent server.
    `return_seconds`: how long it may take to come back. `jobs`: how many scenarios are played at a time.
    """

    command: tuple[str, ...]
    root: Path
    seed: int
    applied: Path | None = None
    start_seconds: float = 30.0
    silence_seconds: float = 45.0
    return_seconds: float = 10.0
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
                await self._watch(scenario, stage.seen, consumer, applied)
                stage.seen.freeze(consumer.exited.result() if consumer.exited.done() else None)
        self._reports = self._reports or bool(stage.seen.reported)
        return self._judged(scenario, stage.seen, consumer.last_lines, started)

    async def _watch(self, scenario: Scenario, seen: Seen, consumer: ConsumerProcess, applied: AppliedFile) -> None:
        """Return when the scenario is over: enough was seen, or what has to come has not come in time, or the consumer has ended."""
        state, since, has_stopped = _state(seen), time.monotonic(), False
        latest = since + self._options.start_seconds + self._options.silence_seconds + _LONGEST_SECONDS
        while not consumer.exited.done() and not (seen.is_endless or time.monotonic() > latest):
            seen.take_reports(applied.new_lines())
            if state != _state(seen):
                since = since if has_stopped else time.monotonic()
                state = _state(seen)
                has_stopped = has_stopped or state[0] is Phase.STOPPED
            waited = time.monotonic() - since
            is_complete = seen.phase is Phase.HOLDING and bool(seen.reported) and seen.is_all_reported()
            if waited >= self._most_seconds(seen, scenario) or (is_complete and waited >= _LEAST_HOLD_SECONDS):
                break
            await seen.change()
        seen.take_reports(applied.new_lines())

    def _most_seconds(self, seen: Seen, scenario: Scenario) -> float:
        """Return for how long the scenario waits in its present phase."""
        last = seen.asked[-1].answer if seen.asked else None
        match seen.phase:
            case Phase.STARTING | Phase.PLAYING:
                return self._options.start_seconds
            case Phase.RETURNING:
                is_silent = isinstance(last, Stream) and last.end is Ending.SILENCE
                silence_seconds = self._options.silence_seconds if is_silent else 0
                return self._options.return_seconds + scenario.slow_seconds + silence_seconds
            case Phase.HOLDING:
                return _REPORT_SECONDS if self._reports or seen.reported else _SLACK_SECONDS
            case Phase.STOPPED:
                return last.seconds if isinstance(last, Refusal) else _QUIET_SECONDS

    def _judged(self, scenario: Scenario, seen: Seen, output: Sequence[str], started: float) -> Rehearsed:
        slack = scenario.slow_seconds + _SLACK_SECONDS + _LAGS * self._lag.worst_seconds(started)
        faults = [
            *judge_presence(seen, scenario, URL_VARIABLE),
            *judge_returns(seen, scenario, slack),
            *judge_applied(seen, scenario, reports=self._reports),
        ]
        repetition = Repetition(scenario.name, self._options.seed, self._options.command)
        findings = tuple(finding_of(each, repetition) for each in faults[:_MOST_FINDINGS])
        outcome = Outcome.VIOLATED if findings else Outcome.HELD
        seconds = time.monotonic() - started
        result = Result(scenario.name, scenario.promise, outcome, seconds, findings=findings)
        return Rehearsed(result, output, len(seen.events_to_apply()), len(seen.reported))


def _state(seen: Seen) -> tuple[Phase, int, int]:
    """Return what changes as long as the consumer goes on."""
    return seen.phase, len(seen.asked), len(seen.reported)
