"""Fixtures and rules for all tests."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import pytest

from tests.support.folders import folders_of_test
from tests.support.server_process import QUICK, ServerProcess

# Folders of tests that do not measure the coverage of their servers: the subject is a client.
CLIENTS = frozenset({"check", "cli", "client"})
# Folders of tests that measure nothing: they run the whole program, in other processes or very often. The folders with the names of app/
# measure what it consists of; with the tracer, a server or a test takes twice the time and more.
WHOLE_PROGRAM = frozenset({"browser", "contract", "deploy", "documents", "e2e", "power_cuts", "simulation"})
ASSERTING = ("crowds", "publishers", "runs_of_crowds", "runs_of_slow_readers", "runs_with_restarts", "subscribers")
LONGEST_TEST_SECONDS = 600
SLOW = (
    "browser",
    "power_cuts",
    "e2e",
    "simulation",
    "client",
    "check",
    "cli",
    "rehearse",
    "contract",
    "stores",
    "events",
)  # folders

# Commands that tests start and signal must not inherit that a signal is ignored: shells ignore SIGINT for background jobs, nohup SIGHUP.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)

pytest.register_assert_rewrite(*(f"tests.support.{name}" for name in ASSERTING))


@pytest.fixture(scope="module", autouse=True)
def measured(request: pytest.FixtureRequest) -> Iterator[None]:
    """Measure the coverage of what the folder of a test is to measure."""
    folders = folders_of_test(request.path)
    ServerProcess.is_measured = CLIENTS.isdisjoint(folders)
    with nullcontext() if WHOLE_PROGRAM.isdisjoint(folders) else unmeasured():
        yield


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Run every `async def test_...` on asyncio; `anyio_mode = "auto"` in pyproject.toml takes them without a marker."""
    return "asyncio"


@pytest.fixture(autouse=True)
def time_limit(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test that hangs: heartbeats keep every other timeout from a stream that ought to have ended."""

    def give_up(*_: object) -> None:
        raise TimeoutError(f"The test did not end within {LONGEST_TEST_SECONDS} seconds.")

    signal.signal(signal.SIGALRM, give_up)
    signal.alarm(0 if "torture" in folders_of_test(request.path) else LONGEST_TEST_SECONDS)
    yield
    signal.alarm(0)


@pytest.fixture
def untraced() -> Iterator[None]:
    """Run a test of millions of steps, each of which others cover too, without the tracer that makes it take four times as long."""
    with unmeasured():
        yield


@contextmanager
def unmeasured() -> Iterator[None]:
    """Measure no coverage: neither in this thread, nor in threads and processes that are started meanwhile."""
    tracer, thread_tracer = sys.gettrace(), threading.gettrace()
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("COVERAGE_PROCESS_CONFIG", raising=False)
        sys.settrace(None)
        threading.settrace(None)
        yield
    sys.settrace(tracer)
    threading.settrace(thread_tracer)


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    """A server with an empty log in memory, no source and quick heartbeats, shared by the tests of one file."""
    with ServerProcess("--store", "memory:", *QUICK) as running:
        yield running


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the slow folders first, so that at the end no worker is left alone with a long file."""
    places = {name: place for place, name in enumerate(SLOW)}
    items.sort(
        key=lambda item: min((places.get(name, len(SLOW)) for name in folders_of_test(item.path)), default=len(SLOW))
    )


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave tests/torture out of a run that does not name it; `make torture` does."""
    named = any("torture" in argument for argument in config.args)
    return True if collection_path.name == "torture" and not named else None
