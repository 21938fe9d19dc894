"""`orders-events check`: check whether a running server follows its contract."""

from __future__ import annotations

import random
import ssl
from typing import Final, TextIO

import click

from app.check.findings import Outcome, Result
from app.check.reports.report_json import report_json
from app.check.reports.report_junit import report_junit
from app.check.reports.report_text import report_text, result_text, summary_text
from app.check.run import run
from app.check.table import CHECKS
from app.check.target.target import Options
from app.cli.options.options import certificates_option, read_url
from app.cli.options.token_option import TokenSource, token_option
from app.cli.output.terminal import print_line
from app.client.endpoint import GRPC_SCHEMES, checked_url
from app.settings.setting_types import Number, WholeNumber

_WRITERS: Final = {"text": report_text, "json": report_json, "junit": report_junit}
_CODES: Final = {Outcome.HELD: 0, Outcome.VIOLATED: 1, Outcome.UNCHECKED: 2}
_FORMATS: Final = """\b
--format json:
  {"url", "contract", "outcome", "events", "seed", "checks": [
    {"name", "promise", "outcome", "reason", "seconds", "violations": [
      {"promised", "seen", "ids", "curl", "command"}]}]}
  "command" repeats the observation; "curl" is the same, or empty if
  it takes another program than curl.
  An outcome is held, violated, not-seen, skipped or unchecked.
  Members may be added; none changes its meaning.

\b
--format junit:
  A violation is a failure; a check that could not be made is an error;
  a promise that was not seen or left out is skipped.
"""


def _grpc_url(_context: click.Context, _parameter: click.Parameter, text: str | None) -> str | None:
    if text is None:
        return None
    try:
        import app.check.grpc.service_observations  # noqa: F401, PLC0415  # whether the extra `grpc` is there

        return checked_url(text, GRPC_SCHEMES)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None
    except ModuleNotFoundError as missing:
        raise click.UsageError(
            f"--grpc needs the package {missing.name}, which is not installed: pip install 'orders-events[grpc]'."
        ) from None


def _urls(context: click.Context, parameter: click.Parameter, texts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(read_url(context, parameter, text) for text in texts)


def _list(context: click.Context, _parameter: click.Parameter, asked: bool) -> None:
    if asked:
        width = max(len(check.name) for check in CHECKS)
        for check in CHECKS:
            print_line(f"{check.name:{width}} {check.promise}")
        context.exit()


@click.command(epilog=_FORMATS)
@click.argument("urls", nargs=-1, required=True, callback=_urls, metavar="URL [URL]...")
@token_option
@certificates_option
@click.option(
    "--format",
    "written",
    type=click.Choice(list(_WRITERS)),
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
@click.option(
    "--list",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_list,
    help="Print the name of each check with the promise that it is about, and exit.",
)
@click.option("--publish", is_flag=True, help="Check publishing, too. This WRITES about 400 events of invented orders.")
@click.option(
    "--grpc",
    callback=_grpc_url,
    metavar="URL",
    help="Check the gRPC service of the server, too, at this URL, such as grpc://127.0.0.1:50051.",
)
@click.option("--quick", is_flag=True, help="Do not wait for a heartbeat.")
@click.option(
    "--only",
    type=click.Choice([check.name for check in CHECKS]),
    multiple=True,
    metavar="NAME",
    help="Check only this promise, as it is named in the report. May be repeated.",
)
@click.option(
    "--max-events",
    type=WholeNumber(1),
    default=1000,
    show_default=True,
    metavar="N",
    help="Compare the earliest N events of the log.",
)
@click.option(
    "--heartbeat-seconds",
    type=Number(3600),
    show_default="as the document promises",
    metavar="S",
    help="The longest time without a byte on a stream that the operator promises.",
)
@click.option(
    "--timeout-seconds",
    type=Number(3600),
    default=30.0,
    show_default=True,
    metavar="S",
    help="Allow each request this much time.",
)
@click.option(
    "--seed",
    type=WholeNumber(0),
    metavar="N",
    help="Resume from the same places as the run whose report names this seed.",
)
def check(
    *,
    urls: tuple[str, ...],
    token: TokenSource | None,
    certificates: ssl.SSLContext | None,
    written: str,
    output: TextIO | None,
    publish: bool,
    grpc: str | None,
    quick: bool,
    only: tuple[str, ...],
    max_events: int,
    heartbeat_seconds: float | None,
    timeout_seconds: float,
    seed: int | None,
) -> int:
    """Check from outside whether the server at URL follows the contract that it publishes.

    If there are several URLs, they are of nodes that have one log: an id of one must be good at all, and so on. All other checks are of
    the first.

    The command sends only requests that read, unless --publish is given. Its results are right even if other clients publish events, or
    the server deletes old events, at the same time.

    The outcome of each check is held, violated, not seen (no event came that could show it), skipped (because of an option) or
    unchecked (the check could not be made). A violation is reported with the promise, the observation, the ids of the events, and a
    command that repeats the observation: of curl, or of websocat for WebSocket, or of buf for gRPC. The access token is left out of it.

    Exit codes: 0 no promise is violated; 1 a promise is violated; 2 the server could not be checked (no server, no contract), or wrong
    usage.
    """
    url, *nodes = urls
    chosen = random.randrange(2**32) if seed is None else seed
    options = Options(
        max_events,
        chosen,
        timeout_seconds,
        heartbeat_seconds,
        quick,
        publish,
        certificates,
        grpc,
        token=token and token(),
        nodes=nodes,
    )
    for_people = written == "text" or output is not None

    def print_result(result: Result) -> None:
        if for_people:
            print_line(result_text(result, url))

    report = run(url, options, only, print_result)
    if for_people:
        print_line(f"\n{summary_text(report)}")
    if output is not None:
        output.write(f"{_WRITERS[written](report)}\n")
    elif not for_people:
        print_line(_WRITERS[written](report))
    return _CODES[report.outcome]
