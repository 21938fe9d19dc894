"""Start the programs of a browser in a folder of their own, and end them with all that they have started."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

END_SECONDS: Final = 30


@contextmanager
def started(
    command: Sequence[str], folder: Path, environment: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program whose home is `folder`, and which writes its output to `output` there; end it and its descendants."""
    home = {name: str(folder) for name in ("HOME", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "TMPDIR")}
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **home, **(environment or {})},
            start_new_session=True,
        )
    try:
        yield process
    finally:
        processes = descendants(process.pid)
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(END_SECONDS)
        for each in processes:
            with suppress(ProcessLookupError):
                os.kill(each, signal.SIGKILL)
        process.wait(END_SECONDS)


@contextmanager
def display(program: str) -> Iterator[str]:
    """Run an X server without a screen; yield the name of its display, such as `:7`, which it chooses itself."""
    reading, writing = os.pipe()
    size = ("-screen", "0", "1920x1200x24")
    command = [program, "-displayfd", str(writing), *size, "-nolisten", "tcp"]
    with subprocess.Popen(command, pass_fds=(writing,), stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            os.close(writing)
            with os.fdopen(reading) as number:
                yield f":{number.readline().strip()}"
        finally:
            process.terminate()


def descendants(pid: int) -> list[int]:
    """Return a process and all that it has started, directly or not, as far as they still run."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            found = re.match(r"(\d+) \(.*\) \S (\d+)", stat.read_text(), re.DOTALL)
            assert found is not None
            children.setdefault(int(found[2]), []).append(int(found[1]))
    found_so_far = [pid]
    for each in found_so_far:
        found_so_far += children.get(each, [])
    return found_so_far


def resident_bytes(pid: int) -> int:
    """Return how much memory a process and its descendants have, without the files that they map."""
    total = 0
    for each in descendants(pid):
        with suppress(OSError):
            found = re.search(r"RssAnon:\s+(\d+) kB", Path(f"/proc/{each}/status").read_text())
            total += int(found[1]) * 1024 if found else 0
    return total
