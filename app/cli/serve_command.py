"""`orders-events serve`: run the server."""

from __future__ import annotations

import gc
import os
from typing import TYPE_CHECKING, Any, Final

import click

from app.cli.output.standard_streams import STDERR, STDOUT, BackgroundWriter
from app.cli.output.terminal import typed_program
from app.diagnostics.diagnostic_log import logging_to
from app.program_version import VERSION
from app.settings import SETTINGS, Settings, check_combinations, check_variables
from app.specification.errors import StartupError

if TYPE_CHECKING:
    from app.access.development import DevelopmentAccess  # imported late, so that --help is fast

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

    def on_listening(url: str, grpc: str | None, development: DevelopmentAccess | None) -> None:
        output.write(_banner(url, grpc, development, settings))

    gc.disable()  # until everything is loaded (`app.main` enables it): that takes a seventh less time
    from app.main import run  # noqa: PLC0415  # imported late, so that --help and completion are fast

    try:
        with logging_to(errors, settings.log_format, settings.log_level):
            return run(settings, on_listening)
    except StartupError as error:
        raise click.ClickException(str(error)) from None
    finally:
        output.finish()
        errors.finish()


def _banner(url: str, grpc: str | None, development: DevelopmentAccess | None, settings: Settings) -> str:
    program = typed_program()
    by_grpc = f"\n  follow by gRPC       {_GRPC_COMMAND} http://{grpc}/{_SUBSCRIBE}" if grpc else ""
    by_curl = 'curl -N -H "Authorization: Bearer $ORDERS_EVENTS_TOKEN"' if settings.has_keys else "curl -N"
    return f"""\
Orders Events {VERSION} is listening on {url}

  watch the orders     {url}/
  follow the stream    {by_curl} {url}/events/orders
  with resume          {program} tail --url {url} --from earliest{by_grpc}
  publish a file       {program} publish --url {url} FILE
  read how it works    {url}/docs
  read the contract    {url}/openapi.json
{_sign_in(url, development)}
The log is {settings.store}, the source is {settings.source.kind}. Ctrl-C stops the server.
"""


def _sign_in(url: str, development: DevelopmentAccess | None) -> str:
    if development is None:
        return ""
    # The code is in the fragment, which browsers do not send; so it is in no log.
    return f"""
Every request needs the token of this run, which is valid for 12 hours. A browser signs in by this link, once, within 5 minutes:

  {url}/#code={development.code}

  export ORDERS_EVENTS_TOKEN={development.token}
"""
