"""Standard input, output and error. Each may be closed, or be a full disk or a pipe without a reader: the server must run anyway."""

from __future__ import annotations

import io
import os
import queue
import threading
from contextlib import suppress
from typing import Final

STDOUT: Final = 1
STDERR: Final = 2
_MAX_TEXTS: Final = 1000  # waiting while the descriptor accepts no more; further texts are dropped
_FINISH_SECONDS: Final = 1.0


def open_standard_descriptors() -> None:
    """Open the null device (/dev/null) for each of the file descriptors 0, 1 and 2 that is closed.

    Otherwise the next file or socket would get the number of the closed descriptor: text for standard error could be written into the
    database, and libuv, the server's I/O library, would abort the process when it closes such a socket. If a descriptor was closed,
    `sys.stdin`, `sys.stdout` or `sys.stderr` stays None, so a command that needs the stream can report an error.
    """
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= STDERR:
        pass
    os.close(descriptor)


class BackgroundWriter(io.TextIOBase):
    """A text stream whose `write` never blocks and never fails: a background thread writes to the descriptor, and ignores errors."""

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
        """Wait until all texts are written, but only for about a second if the descriptor does not accept them."""
        with suppress(queue.Full):
            self._texts.put(None, timeout=_FINISH_SECONDS)
        self._thread.join(_FINISH_SECONDS)

    def _write_all(self) -> None:
        # Writes with `os.write`, because the interpreter could not exit while a thread is blocked inside the buffer of `sys.stderr`.
        while (text := self._texts.get()) is not None:
            rest = text.encode(errors="backslashreplace")
            with suppress(OSError):
                while rest:
                    rest = rest[os.write(self._descriptor, rest) :]
