"""`python -m tests.benchmark`: measure this server and its peers on this machine, in one run.

A full run writes its results to tests/benchmark/results and into the READMEs; any other run writes them to the build folder.
"""

from __future__ import annotations

import argparse
import resource
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from tests.benchmark import findings
from tests.benchmark.measured_systems import SYSTEMS
from tests.benchmark.pages import RESULTS, write
from tests.benchmark.programs import BUILD, ROOT, NoCompilerError, compile_program
from tests.benchmark.scenarios import scenarios
from tests.benchmark.sizes import FULL, QUICK, Sizes
from tests.benchmark.tables import targets_table

_T = TypeVar("_T")


def main() -> int:
    given = _arguments()
    folder = RESULTS if _is_whole(given) else BUILD / "results"
    if not given.draw:
        try:
            compile_program("driver")
        except NoCompilerError as error:
            sys.stderr.write(f"{error}\n")
            return 1
        _raise_limit_of_open_files()
        _run(given, folder)
    found = findings.read(folder)
    if found is None:
        sys.stderr.write(f"There are no results in {_short(folder)} to draw; take some with `make bench`.\n")
        return 1
    write(found, folder)
    sys.stdout.write(f"\n{targets_table(found)}\n\nEvery figure: {_short(folder / 'README.md')}\n")
    return 1 if findings.has_faults(found) else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmark", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="the short form: one round, small crowds, a few minutes")
    parser.add_argument("--only", default="", help="scenarios by comma; `one` is one-100, one-1000 and one-5000")
    parser.add_argument("--systems", default="", help="systems by comma")
    parser.add_argument("--rounds", type=int, help="how often each system has its turn")
    parser.add_argument("--seconds", type=float, help="how long one measurement takes")
    parser.add_argument("--keep", action="store_true", help="put what is found to the kept results, for a run in parts")
    parser.add_argument("--draw", action="store_true", help="measure nothing; make tables and charts anew")
    return parser.parse_args()


def _is_whole(given: argparse.Namespace) -> bool:
    return given.keep or not (given.quick or given.only or given.systems)


def _run(given: argparse.Namespace, folder: Path) -> None:
    sizes = _sizes(given)
    chosen = _chosen(given.only, scenarios(sizes), lambda each: {each.name, each.name.split("-")[0]})
    systems = _chosen(given.systems, SYSTEMS, lambda each: {each.name})
    findings.take(sizes, chosen, systems, folder, _say)


def _sizes(given: argparse.Namespace) -> Sizes:
    sizes = QUICK if given.quick else FULL
    return replace(sizes, rounds=given.rounds or sizes.rounds, seconds=given.seconds or sizes.seconds)


def _chosen(names: str, all_of_them: Sequence[_T], called: Callable[[_T], set[str]]) -> Sequence[_T]:
    """Choose by comma-separated names; an empty text chooses all. Ends the program if a name is unknown."""
    wanted = set(names.split(",")) - {""}
    known = {name for each in all_of_them for name in called(each)}
    if wanted - known:
        sys.exit(f"There is no {', '.join(sorted(wanted - known))}; there are {', '.join(sorted(known))}.")
    return [each for each in all_of_them if not wanted or called(each) & wanted]


def _raise_limit_of_open_files() -> None:
    """Raise the limit of open files, which the servers inherit, to what the machine allows."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _short(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
