"""`python -m app`, the same as the installed `orders-events`."""

from __future__ import annotations

import signal

_interrupt = signal.getsignal(signal.SIGINT)
if _interrupt is signal.default_int_handler:  # otherwise the parent has it ignored, as for a job in the background
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # while the imports run, end without a traceback

from app.cli import main  # noqa: E402  # Ctrl+C during this import must end the program, so it comes after the line above

signal.signal(signal.SIGINT, _interrupt)

if __name__ == "__main__":
    main()
