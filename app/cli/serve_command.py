"""`orders-events serve`: run the server."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any, Final

import click

from app.cli.standard_streams import STDERR, STDOUT, BackgroundWriter
from app.cli.terminal import PROGRAM
from app.diagnostics.diagnostic_log import logging_to
from app.program_version import VERSION
from app.settings import SETTINGS, Settings, check_combinations, check_variables
from app.specification.errors import StartupError

_GRPC_COMMAND: Final = "buf curl --protocol grpc --http2-prior-knowledge"
_SUBSCRIBE: Final = "orders_events.v1.OrderEvents/Subscribe"


@click.command(params=[*SETTINGS.values()])
def serve(**values: Any) -> int:
    """Run the server until SIGTERM, SIGHUP or Ctrl-C. Before the server exits, it ends every stream properly.

    Every flag can also be set as an environment variable: --retain-events as ORDERS_EVENTS_RETAIN_EVENTS. If both are given, the flag is
    used.

    Exit codes: 0 the server was stopped by a signal; 1 the server could not start (port or log in use, bad contract, ...); 2 a setting
    is wrong.
    """
    check_variables(os.environ)
    settings = Settings(**values)
    check_combinations(settings)
    output, errors = BackgroundWriter(STDOUT), BackgroundWriter(STDERR)
    from app.main import run  # noqa: PLC0415  # imported late, so that --help and completion are fast

    try:
        with logging_to(errors, settings.log_format, settings.log_level):
            return run(settings, lambda url, grpc: output.write(_banner(url, grpc, settings)))
    except StartupError as error:
        raise click.ClickException(str(error)) from None
    finally:
        output.finish()
        errors.finish()


def _banner(url: str, grpc: str | None, settings: Settings) -> str:
    # The program as the user typed it, so that the shown commands work: a virtual environment is often not on the path.
    program = sys.argv[0] if Path(sys.argv[0]).name == PROGRAM else "python -m app"
    by_grpc = f"\n  follow by gRPC       {_GRPC_COMMAND} http://{grpc}/{_SUBSCRIBE}" if grpc else ""
    return f"""\
Orders Events {VERSION} is listening on {url}

  watch the orders     {url}/
  follow the stream    curl -N {url}/events/orders
  with resume          {program} tail --url {url} --from earliest{by_grpc}
  publish a file       {program} publish --url {url} FILE
  read how it works    {url}/docs
  read the contract    {url}/openapi.json

The log is {":".join(settings.store)}, the source is {settings.source.kind}. Ctrl-C stops the server.
"""
