"""The command line: `orders-events serve`, `publish` and `tail`; `python -m app` is the same."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any, NoReturn

import click

from app.cli.messages import PROGRAM, complain, explained
from app.client.connection import program_version

COMMANDS = ("serve", "publish", "tail", "check", "contracts", "types", "docs", "completion")
INTERRUPTED = 130  # 128 + SIGINT, as shells have it


class Program(click.Group):
    """Commands that return their exit code, and whose errors are one line on standard error.

    Each is imported when it is asked for: what `check` needs is nothing that a server should wait for at its start.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        """Name the commands in the order in which they are shown."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Find a command in the module of its name; one that is not there is compared with all that are."""
        for name in [cmd_name] if cmd_name in COMMANDS else COMMANDS:
            self.add_command(getattr(import_module(f"app.cli.{name}_command"), name))
        return super().get_command(ctx, cmd_name)

    def main(self, *arguments: Any, **options: Any) -> NoReturn:
        """Run a command, and exit."""
        try:
            code = super().main(*arguments, **{"prog_name": PROGRAM, **options, "standalone_mode": False})
        except click.exceptions.NoArgsIsHelpError as error:
            error.show()
            code = error.exit_code
        except click.ClickException as error:
            complain(explained(error))
            code = error.exit_code
        except click.Abort:
            code = INTERRUPTED
        sys.exit(code)


@click.group(
    PROGRAM,
    cls=Program,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(program_version(), prog_name=PROGRAM)
def main() -> None:
    """Stream order events with Server-Sent Events: run a server, publish events to one, follow those of one."""
