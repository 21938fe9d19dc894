"""The command line: `orders-events serve`, `publish` and `tail`; `python -m app` is the same."""

from __future__ import annotations

import sys
from typing import Any, NoReturn

import click

from app.cli.check import check
from app.cli.completion import completion
from app.cli.contracts import contracts
from app.cli.docs import docs
from app.cli.messages import PROGRAM, complain
from app.cli.publish import publish
from app.cli.serve import serve
from app.cli.tail import tail
from app.cli.types import types
from app.client.connection import program_version

INTERRUPTED = 130  # 128 + SIGINT, as shells have it


class Program(click.Group):
    """Commands that return their exit code, and whose errors are one line on standard error."""

    def main(self, *arguments: Any, **options: Any) -> NoReturn:
        """Run a command, and exit."""
        try:
            code = super().main(*arguments, **{"prog_name": PROGRAM, **options, "standalone_mode": False})
        except click.exceptions.NoArgsIsHelpError as error:
            error.show()
            code = error.exit_code
        except click.ClickException as error:
            complain(error.format_message())
            code = error.exit_code
        except click.Abort:
            code = INTERRUPTED
        sys.exit(code)


@click.group(
    PROGRAM,
    cls=Program,
    commands=[serve, publish, tail, check, contracts, types, docs, completion],
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(program_version(), prog_name=PROGRAM)
def main() -> None:
    """Stream order events with Server-Sent Events: run a server, publish events to one, follow those of one."""
