"""`python -m tests.support.moved_clock serve …`: the command in a process whose wall clock jumps forward when it gets SIGUSR2.

`MOVED_CLOCK_TO`: the time to which it jumps, in seconds since 1970-01-01 UTC. If `MOVED_CLOCK_AT_ONCE` is set, the process starts there.
"""

from __future__ import annotations

import os
import signal
import time

_real = time.time
_jumps: list[float] = []
"""How far the clock has jumped each time, in seconds."""


def _move(*_: object) -> None:
    _jumps.append(float(os.environ["MOVED_CLOCK_TO"]) - _moved_time())


def _moved_time() -> float:
    return _real() + sum(_jumps)


if __name__ == "__main__":
    time.time = _moved_time  # before the program is imported, whose parts take it as the default of an argument
    signal.signal(signal.SIGUSR2, _move)
    if "MOVED_CLOCK_AT_ONCE" in os.environ:
        _move()
    from app.cli import main

    main()
