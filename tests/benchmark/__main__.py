"""`python -m tests.benchmark`: measure our product and its peers, on this machine, in one run."""

from __future__ import annotations

import argparse
import json
import resource
import sys
from pathlib import Path

from tests.benchmark.field import SYSTEMS
from tests.benchmark.programs import BUILD, NoCompilerError, compile_program
from tests.benchmark.rounds import measure
from tests.benchmark.running import MeasurementError
from tests.benchmark.scenarios import SCENARIOS, Scenario
from tests.benchmark.systems import System


def main() -> int:
    given = _arguments()
    _raise_limit_of_open_files()
    present = [system for system in given.systems if not system.missing()]
    for system in given.systems:
        if system not in present:
            _say(f"{system.title} is absent: {system.missing()}.")
    try:
        compile_program("driver")
        results = {
            scenario.name: measure(scenario, present, given.rounds, given.seconds, _say) for scenario in given.scenarios
        }
    except (NoCompilerError, MeasurementError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    given.output.parent.mkdir(parents=True, exist_ok=True)
    given.output.write_text(json.dumps({"scenarios": results}, indent=1) + "\n")
    _say(f"All rounds are in {given.output}.")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmark", description=__doc__)
    parser.add_argument("--only", dest="scenarios", type=_scenarios, default=SCENARIOS, help="scenarios, by comma")
    parser.add_argument("--systems", type=_systems, default=SYSTEMS, help="systems, by comma")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5, help="how long one measurement takes")
    parser.add_argument("--output", type=Path, default=BUILD / "results.json")
    parser.add_argument("--quick", action="store_true", help="one round of one second each")
    given = parser.parse_args()
    if given.quick:
        given.rounds, given.seconds = 1, 1
    return given


def _scenarios(names: str) -> list[Scenario]:
    """Choose by whole names, or by the word before the dash: `one` is one-100, one-1000 and one-5000."""
    chosen = [each for each in SCENARIOS if {each.name, each.name.split("-")[0]} & set(names.split(","))]
    if not chosen:
        message = f"no scenario is called {names}; there are {', '.join(each.name for each in SCENARIOS)}"
        raise argparse.ArgumentTypeError(message)
    return chosen


def _systems(names: str) -> list[System]:
    chosen = [each for each in SYSTEMS if each.name in names.split(",")]
    if not chosen:
        message = f"no system is called {names}; there are {', '.join(each.name for each in SYSTEMS)}"
        raise argparse.ArgumentTypeError(message)
    return chosen


def _raise_limit_of_open_files() -> None:
    """Let the servers, which inherit it, hold as many connections as the machine allows."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
