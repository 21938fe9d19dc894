"""`python -m tests.simulation SEED …`, or `--first 0 --count 10000`: run seeds, print what broke, and exit with 1 if anything did."""

from __future__ import annotations

import argparse
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial

from tests.simulation.play import simulate
from tests.simulation.world import Size


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("seeds", nargs="*", type=int, metavar="SEED")
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--count", type=int, default=0)
    parser.add_argument("--readers", type=int, default=Size.readers)
    parser.add_argument("--events", type=int, default=Size.events)
    parser.add_argument("--faults", type=int, default=Size.faults)
    parser.add_argument("--seconds", type=float, default=Size.seconds)
    chosen = parser.parse_args()
    size = Size(chosen.readers, chosen.events, chosen.faults, chosen.seconds)
    seeds = [*chosen.seeds, *range(chosen.first, chosen.first + chosen.count)]
    broken = sessions = gaps = 0
    with ProcessPoolExecutor() as pool:
        for outcome in pool.map(partial(simulate, size=size), seeds, chunksize=10 if len(seeds) > 20 else 1):
            broken += bool(outcome.faults)
            sessions += outcome.sessions
            gaps += outcome.gaps
            if outcome.faults or chosen.seeds:
                sys.stdout.write(
                    f"seed {outcome.seed}: {outcome.sessions} sessions, {outcome.gaps} gaps, trace {outcome.trace[:16]}\n"
                )
            sys.stdout.writelines(f"  {fault}\n" for fault in outcome.faults[:10])
    sys.stdout.write(f"{len(seeds)} seeds, {sessions} sessions, {gaps} gaps told; {broken} seeds broke a promise\n")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
