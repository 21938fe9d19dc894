"""`orders-events rehearse`: rehearse the faults of networks and servers with the program of a consumer."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Collection
from pathlib import Path
from typing import Final, TextIO

import click

from app.check.findings import Outcome
from app.check.reports.report_json import report_json
from app.check.reports.report_junit import report_junit
from app.cli.options.options import contract_option
from app.cli.output.terminal import print_line
from app.rehearse.consumer_process import CannotStart
from app.rehearse.observed.watch import Patience
from app.rehearse.rehearsal import Options, Rehearsed, play
from app.rehearse.rehearsal_report import as_report, rehearsal_summary, rehearsed_text, whole_text
from app.rehearse.scenario import Scenario
from app.rehearse.scenario_table import scenarios
from app.settings.setting_types import Number, WholeNumber
from app.specification.contracts import load_contracts
from app.specification.errors import StartupError

_FORMATS: Final = """\b
--format json, --format junit:
  As those of `orders-events check --help`: each scenario is a check, and
  "url" is the command of the consumer.
"""
_WRITERS: Final = {"json": report_json, "junit": report_junit}


@click.command(epilog=_FORMATS)
@click.argument("command", nargs=-1, type=click.UNPROCESSED, metavar="-- COMMAND...")
@contract_option("Send the events of the contract in this folder.")
@click.option("--scenario", "names", multiple=True, metavar="NAME", help="Play only this scenario. May be repeated.")
@click.option("--list", "is_list", is_flag=True, help="List the scenarios, and end.")
@click.option(
    "--applied",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    metavar="FILE",
    help="Read what the consumer applied from this file, one JSON object a line. The file is emptied before each scenario.",
)
@click.option(
    "--format",
    "written",
    type=click.Choice(("text", *_WRITERS)),
    default="text",
    show_default=True,
    help="How to write the report.",
)
@click.option(
    "--output",
    type=click.File("w", encoding="utf-8", lazy=False),
    metavar="FILE",
    help="Write the report to FILE, and print it as text.",
)
@click.option("--seed", type=WholeNumber(0), metavar="N", help="Play as the run whose report names this seed.")
@click.option(
    "--jobs",
    type=WholeNumber(1, 64),
    default=1,
    show_default=True,
    metavar="N",
    help="Play N scenarios at a time, each with a process of its own.",
)
@click.option(
    "--start-seconds",
    type=Number(3600),
    default=30.0,
    show_default=True,
    metavar="S",
    help="How long the command may take until it asks for the stream.",
)
@click.option(
    "--silence-seconds",
    type=Number(3600),
    default=45.0,
    show_default=True,
    metavar="S",
    help="How long the consumer waits for a silent connection before it gives it up.",
)
@click.option(
    "--apply-seconds",
    type=Number(3600),
    default=10.0,
    show_default=True,
    metavar="S",
    help="How long the consumer may take to apply an event.",
)
def rehearse(
    *,
    command: tuple[str, ...],
    root: Path,
    names: tuple[str, ...],
    is_list: bool,
    applied: Path | None,
    written: str,
    output: TextIO | None,
    seed: int | None,
    jobs: int,
    start_seconds: float,
    silence_seconds: float,
    apply_seconds: float,
) -> int:
    """Start COMMAND, the program of a consumer, in front of a server that cuts, delays and refuses, and judge how it comes through.

    Each scenario starts the command anew, with the address of a server in ORDERS_EVENTS_URL, and ends it, with everything that it has
    started. The server sends the examples of the contract. It judges by the requests that come: with which id the consumer comes back,
    after how long, and whether it stops where it has to.

    If the consumer reports what it applies, that is judged, too: each event once, in order, and every gap. It sends {"id": ID} for an
    event, or {"gap": REASON}, by POST to the address in ORDERS_EVENTS_REPORT_URL or as a line of the file that --applied names. With
    "data", the data of the event is compared.

    Exit codes: 0 nothing was found; 1 something was found; 2 the command cannot be started, or wrong usage.
    """
    known = _scenarios(root)
    if is_list:
        for each in known:
            print_line(f"{each.name:22} {each.promise}")
        return 0
    _check(names, {each.name for each in known}, command, applied, jobs)
    chosen = random.randrange(2**32) if seed is None else seed
    patience = Patience(start_seconds, silence_seconds, apply_seconds)
    options = Options(command, root, chosen, applied, patience, jobs)
    for_people = written == "text" or output is not None

    def print_result(rehearsed: Rehearsed) -> None:
        if for_people:
            print_line(rehearsed_text(rehearsed))

    try:
        rehearsed = asyncio.run(play(options, names, print_result))
    except StartupError as error:
        raise click.ClickException(str(error)) from None
    except CannotStart as error:
        raise click.UsageError(str(error)) from None
    report = as_report(rehearsed, options)
    if for_people:
        print_line(f"\n{rehearsal_summary(rehearsed, chosen)}")
    if written != "text":
        click.echo(_WRITERS[written](report), file=output)
    elif output is not None:
        click.echo(whole_text(rehearsed, chosen), file=output)
    return int(report.outcome is Outcome.VIOLATED)


def _scenarios(root: Path) -> tuple[Scenario, ...]:
    """Return the scenarios for the contract in a folder. Raises click.ClickException if the contract is not valid."""
    try:
        return scenarios(load_contracts(root / "contracts"))
    except StartupError as error:
        raise click.ClickException(str(error)) from None


def _check(
    names: Collection[str], known: Collection[str], command: tuple[str, ...], applied: Path | None, jobs: int
) -> None:
    """Check that the options fit together. Raises click.UsageError."""
    unknown = [name for name in names if name not in known]
    if unknown:
        raise click.UsageError(f"There is no scenario {unknown[0]!r}; --list names all.")
    if not command:
        raise click.UsageError("The command of the consumer is missing: orders-events rehearse -- COMMAND.")
    if applied is not None and jobs > 1:
        raise click.UsageError("--applied is one file for one process: leave out --jobs.")
