"""Standard input, output and error, which may be closed, full, or read by nobody: a server serves whatever they are."""

from __future__ import annotations

import io
import os
import queue
import threading
from contextlib import suppress
from typing import Final

STDOUT: Final = 1
STDERR: Final = 2
_MAX_TEXTS: Final = 1000  # in line for a descriptor that takes no more for now; later ones are dropped
_FINISH_SECONDS: Final = 1.0


def open_standard_descriptors() -> None:
    """Open the null device for each of the descriptors 0 to 2 that is closed.

    Otherwise the next file or socket would get its number: what is written to standard error could end in the database, and libuv
    aborts the process when it closes such a socket. `sys.stdin`, `sys.stdout` and `sys.stderr` stay None if they were closed: a command
    that needs one says so.
    """
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= STDERR:
        pass
    os.close(descriptor)


class BackgroundWriter(io.TextIOBase):
    """A text stream whose `write` neither blocks nor fails: a thread of its own writes to a descriptor, and errors are ignored."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._texts: queue.Queue[str | None] = queue.Queue(_MAX_TEXTS)
        self._thread = threading.Thread(target=self._write_all, daemon=True)
        self._thread.start()

    def write(self, text: str) -> int:
        with suppress(queue.Full):
            self._texts.put_nowait(text)
        return len(text)

    def finish(self) -> None:
        """Write what is in line; give up after a second if the descriptor does not take it."""
        with suppress(queue.Full):
            self._texts.put(None, timeout=_FINISH_SECONDS)
        self._thread.join(_FINISH_SECONDS)

    def _write_all(self) -> None:
        # Not through `sys.stderr`: the interpreter cannot exit while a thread is within its buffer.
        while (text := self._texts.get()) is not None:
            rest = text.encode(errors="backslashreplace")
            with suppress(OSError):
                while rest:
                    rest = rest[os.write(self._descriptor, rest) :]
