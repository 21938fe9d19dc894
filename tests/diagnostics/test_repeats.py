"""A line that repeats is written twice in a second at most, and says how often it was repeated."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from app.diagnostics.diagnostic_log import logging_to
from app.diagnostics.formats import TextFormat
from app.diagnostics.repeats import LimitedHandler


@dataclass
class Clock:
    """A clock that the test moves on; it calls what is due."""

    now: float = 0.0
    due: list[tuple[float, Callable[[], None]]] = field(default_factory=list)

    def call_later(self, seconds: float, call: Callable[[], None]) -> None:
        self.due.append((self.now + seconds, call))

    def advance(self, seconds: float) -> None:
        self.now += seconds
        calls = [call for at, call in self.due if at <= self.now]
        self.due = [(at, call) for at, call in self.due if at > self.now]
        for call in calls:
            call()


class Log:
    """A logger whose lines the test reads."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.stream = io.StringIO()
        self.handler = LimitedHandler(self.stream, lambda: self.clock.now, self.clock.call_later)
        self.handler.setFormatter(logging.Formatter("%(message)s"))
        self.logger = logging.Logger("app.part", logging.DEBUG)  # noqa: LOG001  # of this test alone
        self.logger.addHandler(self.handler)

    def lines(self) -> list[str]:
        return self.stream.getvalue().splitlines()


@pytest.fixture
def log() -> Log:
    return Log()


def test_of_a_flood_the_first_and_the_last_line_of_a_second_are_written(log: Log) -> None:
    log.handler.setFormatter(TextFormat())
    for number in range(1000):
        log.logger.warning("Refused %d.", number)
    assert len(log.lines()) == 1
    log.clock.advance(1)
    assert log.lines()[0].endswith("Refused 0.")
    assert log.lines()[1].endswith("Refused 999. repeated=999")
    log.clock.advance(60)
    assert len(log.lines()) == 2


def test_a_flood_that_lasts_is_a_line_a_second(log: Log) -> None:
    for _ in range(100):
        log.logger.error("Failed.")
        log.clock.advance(0.1)
    assert len(log.lines()) == pytest.approx(11, abs=1)


def test_a_line_that_comes_again_later_is_not_held_back(log: Log) -> None:
    log.logger.warning("Refused %d.", 1)
    log.clock.advance(1)
    log.logger.warning("Refused %d.", 2)
    assert log.lines() == ["Refused 1.", "Refused 2."]
    assert not log.clock.due, "A line that is not repeated needs no timer."


def test_lines_of_other_kinds_are_not_held_back(log: Log) -> None:
    log.logger.warning("One kind.")
    log.logger.warning("Another.")
    log.logger.error("Failed.", exc_info=ValueError())
    log.logger.error("Failed.", exc_info=KeyError())
    log.logger.info("Refused.", extra={"fields": {"problem": "not-found"}})
    log.logger.info("Refused.", extra={"fields": {"problem": "forbidden"}})
    log.logger.info("Refused.", extra={"fields": {"problem": "forbidden"}})
    assert len([each for each in log.lines() if each.endswith(".")]) == 6


def test_what_is_not_a_fault_is_not_limited(log: Log) -> None:
    for _ in range(10):
        log.logger.info("Published.")
    assert len(log.lines()) == 10


def test_what_is_held_back_at_the_end_is_written_then() -> None:
    stream = io.StringIO()
    with logging_to(stream, "text", "info"):
        for _ in range(5):
            logging.getLogger("app.part").warning("Refused.")
    assert stream.getvalue().count("Refused.") == 2
    assert stream.getvalue().endswith("repeated=4\n")


def test_levels_count_for_this_program_and_other_packages_only_warn() -> None:
    stream = io.StringIO()
    with logging_to(stream, "text", "debug"):
        logging.getLogger("app.part").debug("Ours.")
        logging.getLogger("another").info("Theirs.")
        logging.getLogger("another").warning("Their warning.")
    assert [line.split(": ")[1] for line in stream.getvalue().splitlines()] == ["Ours.", "Their warning."]


@pytest.mark.parametrize("field", ["limit", "code"])
def test_refused_streams_and_ended_connections_are_limited_too(log: Log, field: str) -> None:
    for _ in range(100):
        log.logger.info("Refused.", extra={"fields": {field: "a"}})
        log.logger.info("Refused.", extra={"fields": {field: "b"}})
    assert log.lines() == ["Refused.", "Refused."]


def test_lines_that_differ_after_the_first_line_are_of_one_kind(log: Log) -> None:
    for number in range(1000):
        log.logger.error(f"A task failed.\nIts name is Task-{number}.")  # noqa: G004  # as asyncio does it
    assert len(log.lines()) == 2
    assert len(log.handler._repeats) == 1  # what stays in memory
