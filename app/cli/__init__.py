"""The command line program `orders-events`; `python -m app` is the same.

`COMMANDS` lists every command and its module: those about a contract are in `contracts/`, those about a log that is stored in
`stored_log/`, and the others beside this file. What several commands use: `options/` (common parameters) and `output/` (messages, and
the standard streams). Only `publish` uses the folder `publishing/`, and only `forward` the folder `forwarding/`.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any, Final, NoReturn

import click

from app.cli.output.standard_streams import open_standard_descriptors
from app.cli.output.terminal import PROGRAM, complain, discard_messages, discard_output, explained
from app.program_version import VERSION

COMMANDS: Final = {
    "serve": ("serve_command", "Run the server."),
    "publish": ("publish_command", "Send a file of events to a server."),
    "tail": ("tail_command", "Follow the events of a server."),
    "forward": ("forward_command", "Send the events of a server to a webhook."),
    "verify": ("stored_log.store_commands", "Verify a log in a file."),
    "backup": ("stored_log.store_commands", "Copy a log, also while a server writes it."),
    "restore": ("stored_log.store_commands", "Put a backup in the place of a log."),
    "log": ("stored_log.log_command", "Make and compare a log that servers share."),
    "token": ("token_command", "Print an access token, for development."),
    "check": ("contracts.check_command", "Check a server against its contract."),
    "rehearse": ("contracts.rehearse_command", "Rehearse faults with the program of a consumer."),
    "init": ("contracts.init_command", "Write a contract for your own events."),
    "contracts": ("contracts.contract_commands", "Check that a changed contract breaks no consumer."),
    "types": ("contracts.contract_commands", "Write the event types for Python."),
    "openapi": ("contracts.contract_commands", "Write the contract for generators of clients."),
    "proto": ("contracts.contract_commands", "Write the gRPC service as a .proto."),
    "docs": ("contracts.contract_commands", "Write the documentation as files."),
    "completion": ("completion_command", "Let a shell complete the commands."),
}
"""A mapping from the name of each command to its module in this folder and its one-line description in the help."""

_INTERRUPTED: Final = 130  # 128 + SIGINT, the exit code that shells report


class UnloadedCommand(click.Command):
    """The name and the description of a command whose module is not imported yet, so that help and completion start fast."""

    def __init__(self, name: str, module: str, short_help: str) -> None:
        super().__init__(name, short_help=short_help)
        self.module = module

    def load(self) -> click.Command:
        """Import the module of the command, and return the command."""
        command: click.Command = getattr(import_module(f"{__name__}.{self.module}"), str(self.name))
        return command


class Program(click.Group):
    """The program: a group of commands. Each command returns its exit code, and an error is one line on standard error."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        """Return the names of the commands, in the order of the help."""
        return list(self.commands)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that the arguments name, and import its module."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, command.load() if isinstance(command, UnloadedCommand) else command, rest

    def main(self, *arguments: Any, **options: Any) -> NoReturn:
        """Run the command that the arguments name, and exit with its exit code."""
        open_standard_descriptors()
        try:
            code = super().main(*arguments, **{"prog_name": PROGRAM, **options, "standalone_mode": False})
        except click.exceptions.NoArgsIsHelpError as error:
            try:
                error.show()
            except OSError:  # standard error may be full
                discard_messages()
            code = error.exit_code
        except click.ClickException as error:
            complain(explained(error))
            code = error.exit_code
        except (click.Abort, KeyboardInterrupt):
            code = _INTERRUPTED
        except OSError as error:
            # For example a full disk, or a folder that cannot be written: not a fault of the program.
            discard_output()
            complain(f"{error.strerror or error}{f': {error.filename}' if error.filename else ''}.")
            code = 1
        sys.exit(code)


@click.group(
    PROGRAM,
    cls=Program,
    commands=[UnloadedCommand(name, *entry) for name, entry in COMMANDS.items()],
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(VERSION, prog_name=PROGRAM)
def main() -> None:
    """Stream order events with Server-Sent Events: run a server, publish events to a server, or follow the events of a server."""
