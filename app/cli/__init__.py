"""The command line: `orders-events serve`, `publish` and `tail`; `python -m app` is the same."""

from __future__ import annotations

from collections.abc import Sequence

import click

from app.cli.client import program_version
from app.cli.messages import PROGRAM, say
from app.cli.publish import publish
from app.cli.serve import serve
from app.cli.tail import tail

INTERRUPTED = 130  # 128 + SIGINT, as shells have it


@click.group(
    commands=[serve, publish, tail], context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110}
)
@click.version_option(program_version(), prog_name=PROGRAM)
def orders_events() -> None:
    """Stream order events with Server-Sent Events: run a server, publish events to one, follow those of one."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return the exit code; without `arguments`, those of the process. An error is one line on stderr."""
    try:
        code: int = orders_events.main(arguments, prog_name=PROGRAM, standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return error.exit_code
    except click.ClickException as error:
        say(error.format_message())
        return error.exit_code
    except click.Abort:
        return INTERRUPTED
    return code
