"""`python -m tests.support.traced_server serve …`: a server that prints its allocated bytes, without garbage, on SIGUSR1."""

from __future__ import annotations

import gc
import signal
import sys
import tracemalloc

from app.cli import main


def print_allocated_bytes(_number: int, _frame: object) -> None:
    gc.collect()
    allocated, _peak = tracemalloc.get_traced_memory()
    sys.stdout.write(f"{allocated} bytes are allocated.\n")
    sys.stdout.flush()


if __name__ == "__main__":
    tracemalloc.start()
    signal.signal(signal.SIGUSR1, print_allocated_bytes)
    main()
