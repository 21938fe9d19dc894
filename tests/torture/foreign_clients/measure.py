"""Rehearse public libraries for event streams, and write the table of the page Clients.

    .venv/bin/python -m tests.torture.foreign_clients.measure FOLDER

FOLDER gets the libraries, which pip and npm install there, and the reports. A report that is there already is not made anew. The project
itself does not depend on any of these packages.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

HERE: Final = Path(__file__).parent
SILENCE_SECONDS: Final = 35  # a little more than the contract asks for

PYTHON: Final = ("httpx-sse==0.4.3", "aiohttp-sse-client2==0.3.0", "launchdarkly-eventsource==1.7.4")
BESIDE: Final = ("httpx==0.28.1", "aiohttp==3.14.5")  # what some of them need
NODE: Final = ("eventsource@4.1.1", "eventsource-client@1.2.0", "@microsoft/fetch-event-source@2.0.1")

GROUPS: Final[Mapping[str, tuple[str, ...]]] = {
    "cuts": ("live", "cut-", "reset", "retry-times", "restart"),
    "silence": ("silence",),
    "refusals": ("status-500", "status-503", "status-429"),
    "stops": ("status-204", "status-401", "closing-end", "closing-limit"),
    "other ends": ("closing-",),
    "gaps": ("gap-",),
    "sent again": ("sent-again",),
    "contents": ("",),  # all the others
}


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    interpreter = _install(folder)
    programs = {
        **{each: (str(interpreter), str(HERE / "sse_programs.py"), each.partition("==")[0]) for each in PYTHON},
        **{each: ("node", str(folder / "sse_programs.mjs"), each.rpartition("@")[0]) for each in NODE},
    }
    sys.stdout.write(f"| library | {' | '.join(GROUPS)} |\n|---|{'---|' * len(GROUPS)}\n")
    for library, command in programs.items():
        name = library.replace("==", " ") if "==" in library else " ".join(library.rsplit("@", 1))
        sys.stdout.write(f"| {name} | {' | '.join(_cells(_report(folder, command)))} |\n")


def _install(folder: Path) -> Path:
    interpreter = folder / "venv" / "bin" / "python"
    if not interpreter.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder / "venv")], check=True)
        subprocess.run([str(interpreter), "-m", "pip", "install", "--quiet", *PYTHON, *BESIDE], check=True)
    (folder / "sse_programs.mjs").write_bytes((HERE / "sse_programs.mjs").read_bytes())
    if not (folder / "node_modules").exists():
        (folder / "package.json").write_text("{}")
        subprocess.run(["npm", "install", "--no-audit", "--no-fund", *NODE], cwd=folder, check=True)
    return interpreter


def _report(folder: Path, command: tuple[str, ...]) -> Any:
    """Return the report about a library, and make it if there is none. A rehearsal that finds something exits with 1."""
    report = folder / f"{command[-1].replace('/', '-')}.json"
    if not report.exists():
        options = ("--jobs", "4", "--seed", "1", "--silence-seconds", str(SILENCE_SECONDS), "--format", "json")
        rehearse = [sys.executable, "-m", "app", "rehearse", *options, "--", *command]
        report.write_bytes(subprocess.run(rehearse, check=False, capture_output=True).stdout)
    return json.loads(report.read_text())


def _cells(report: Any) -> Iterator[str]:
    """Yield a cell for each group: how many of its scenarios were passed. The burst is left out: it is about the reports of 10,000 events."""
    left = {each["name"]: each["outcome"] == "held" for each in report["checks"] if each["name"] != "burst"}
    for prefixes in GROUPS.values():
        passed = [left.pop(name) for name in list(left) if name.startswith(prefixes)]
        yield f"{sum(passed)}/{len(passed)}"


if __name__ == "__main__":
    main(Path(sys.argv[1]))
