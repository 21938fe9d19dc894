"""`orders-events completion`: print a script by which a shell completes the commands."""

from __future__ import annotations

from typing import Final

import click
from click.shell_completion import BashComplete, FishComplete, ZshComplete

from app.cli.output.terminal import PROGRAM

_SHELLS: Final = {"bash": BashComplete, "zsh": ZshComplete, "fish": FishComplete}
_VARIABLE: Final = "_ORDERS_EVENTS_COMPLETE"  # the name that click derives from the program's name

_USE: Final = """\b
To load it in each new shell, add a line to a file:
  ~/.bashrc                    eval "$(orders-events completion bash)"
  ~/.zshrc                     eval "$(orders-events completion zsh)"
  ~/.config/fish/config.fish   orders-events completion fish | source
"""


@click.command(epilog=_USE)
@click.argument("shell", type=click.Choice(list(_SHELLS)))
@click.pass_context
def completion(context: click.Context, shell: str) -> int:
    """Print a script that lets SHELL complete commands, options and event types."""
    click.echo(_SHELLS[shell](context.find_root().command, {}, PROGRAM, _VARIABLE).source())
    return 0
