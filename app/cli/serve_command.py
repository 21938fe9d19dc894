"""`orders-events serve`: run the server."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path
from typing import Any

import click

from app.cli.standard_streams import STDERR, STDOUT, BackgroundWriter
from app.cli.terminal import PROGRAM
from app.program_version import VERSION
from app.settings import SETTINGS, Settings, check_variables
from app.specification.errors import StartupError


@click.command(params=[*SETTINGS.values()])
def serve(**values: Any) -> int:
    """Run the server until SIGTERM, SIGHUP or Ctrl-C; it then ends every stream properly before it exits.

    Every flag has an environment variable, and wins over it: --retain-events is ORDERS_EVENTS_RETAIN_EVENTS.

    Exit codes: 0 stopped by a signal; 1 could not start (port or log in use, bad contract, ...); 2 a setting is wrong.
    """
    check_variables(os.environ)
    settings = Settings(**values)
    output, errors = BackgroundWriter(STDOUT), BackgroundWriter(STDERR)
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s", level=logging.WARNING, stream=errors)
    logging.getLogger("app").setLevel(logging.INFO)
    from app.main import run  # noqa: PLC0415  # --help and completion of the flags need not wait for it

    try:
        return run(settings, lambda url: output.write(_banner(url, settings)))
    except StartupError as error:
        raise click.ClickException(str(error)) from None
    finally:
        output.finish()
        errors.finish()


def _banner(url: str, settings: Settings) -> str:
    # As it was typed, so that it can be typed again: a virtual environment is often not on the path.
    program = sys.argv[0] if Path(sys.argv[0]).name == PROGRAM else "python -m app"
    return f"""\
Orders Events {VERSION} is listening on {url}

  watch the orders     {url}/
  follow the stream    curl -N {url}/events/orders
  with resume          {program} tail --url {url} --from earliest
  publish a file       {program} publish --url {url} FILE
  read how it works    {url}/docs
  read the contract    {url}/openapi.json

The log is {":".join(settings.store)}, the source is {settings.source.kind}. Ctrl-C stops the server.
"""
