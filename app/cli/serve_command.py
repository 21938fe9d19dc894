"""`orders-events serve`: run the server."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path

import click

from app.cli.terminal import PROGRAM
from app.settings import SETTINGS, Settings, read_settings
from app.specification.errors import StartupError

_FLAGS = [
    click.Option(
        [row.flag, name],
        metavar=row.metavar,
        multiple=row.repeated,
        help=f"{row.help} [default: {row.default}]" if row.default else row.help,
    )
    for name, row in SETTINGS.items()
]


@click.command(params=_FLAGS)
def serve(**given: str | tuple[str, ...] | None) -> int:
    """Run the server until it is told to stop (SIGTERM or Ctrl-C); it ends every stream properly before it goes.

    Every flag has an environment variable, and wins over it: --retain-events is ORDERS_EVENTS_RETAIN_EVENTS.

    Exit codes: 0 stopped as told; 1 could not start (port or log in use, bad contract, ...); 2 a setting is wrong.
    """
    flags = {name: _text(value) for name, value in given.items() if value is not None and value != ()}
    try:
        settings = read_settings(flags, os.environ)
    except StartupError as error:
        raise click.UsageError(str(error)) from None
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s", level=logging.WARNING)
    logging.getLogger("app").setLevel(logging.INFO)
    from app.main import run  # noqa: PLC0415  # --help and completion of the flags need not wait for it

    try:
        return run(settings, lambda url: click.echo(_banner(url, settings)))
    except StartupError as error:
        raise click.ClickException(str(error)) from None


def _text(value: str | tuple[str, ...]) -> str:
    return value if isinstance(value, str) else " ".join(value)


def _banner(url: str, settings: Settings) -> str:
    # As it was typed, so that it can be typed again: a virtual environment is often not on the path.
    program = sys.argv[0] if Path(sys.argv[0]).name == PROGRAM else "python -m app"
    return f"""\
Orders Events is listening on {url}

  watch the orders     {url}/
  follow the stream    curl -N {url}/events/orders
  with resume          {program} tail --url {url} --from earliest
  publish a file       {program} publish --url {url} FILE
  read how it works    {url}/docs
  read the contract    {url}/openapi.json

The log is {":".join(settings.store)}, the source is {settings.source.kind}. Ctrl-C stops the server."""
