"""The program of a consumer: started in a process group of its own, which is always ended."""

from __future__ import annotations

import asyncio
import os
import signal
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Final

_GRACE_SECONDS: Final = 3.0  # between SIGTERM and SIGKILL
_KEPT_PIECES: Final = 64  # of the output
_PIECE_BYTES: Final = 4096
_SHOWN_LINES: Final = 20
_SHOWN_CHARACTERS: Final = 300  # of a line


class CannotStart(Exception):
    """Raised when the command cannot be started; the message says why."""


class ConsumerProcess:
    """A running program. `exited` is done as soon as it has ended, with its exit code."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._output: deque[bytes] = deque(maxlen=_KEPT_PIECES)
        self._reading = asyncio.create_task(self._read())
        self.exited = asyncio.create_task(process.wait())

    @property
    def last_lines(self) -> list[str]:
        """The last lines that it has printed, on standard output or standard error, as a terminal can show them."""
        lines = b"".join(self._output).decode("utf-8", "replace").splitlines()[-_SHOWN_LINES:]
        return [_shown(each) for each in lines]

    async def end(self) -> None:
        """End the program and everything that it has started: with SIGTERM, and with SIGKILL what is left after a few seconds."""
        self._signal(signal.SIGTERM)
        await asyncio.wait({self.exited}, timeout=_GRACE_SECONDS)
        self._signal(signal.SIGKILL)
        await self.exited
        await asyncio.wait({self._reading}, timeout=_GRACE_SECONDS)  # a process that left the group may hold the pipe
        self._reading.cancel()

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):  # the whole group has ended
            os.killpg(self._process.pid, number)

    async def _read(self) -> None:
        assert self._process.stdout is not None  # noqa: S101  # it is a pipe
        while piece := await self._process.stdout.read(_PIECE_BYTES):
            self._output.append(piece)


def _shown(line: str) -> str:
    """Return the beginning of a line without characters that could steer a terminal."""
    begun = line if len(line) <= _SHOWN_CHARACTERS else f"{line[:_SHOWN_CHARACTERS]}…"
    return "".join(each if each.isprintable() or each == "\t" else "\N{REPLACEMENT CHARACTER}" for each in begun)


@asynccontextmanager
async def consumer_process(command: Sequence[str], variables: Mapping[str, str]) -> AsyncIterator[ConsumerProcess]:
    """Run a command with these environment variables besides those of this process. Raises CannotStart."""
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            env={**os.environ, **variables},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise CannotStart(f"{command[0]!r} cannot be started: {reason}.") from None
    consumer = ConsumerProcess(process)
    try:
        yield consumer
    finally:
        await consumer.end()
