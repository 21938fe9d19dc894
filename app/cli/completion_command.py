"""`orders-events completion`: let a shell complete the commands."""

from __future__ import annotations

from typing import Final

import click
from click.shell_completion import BashComplete, FishComplete, ZshComplete

from app.cli.terminal import PROGRAM

_SHELLS: Final = {"bash": BashComplete, "zsh": ZshComplete, "fish": FishComplete}
_VARIABLE: Final = "_ORDERS_EVENTS_COMPLETE"  # what click derives from the program's name


@click.command
@click.argument("shell", type=click.Choice(list(_SHELLS)))
@click.pass_context
def completion(context: click.Context, shell: str) -> int:
    r"""Write a script that makes SHELL complete commands, options and event types.

    \b
    bash, in ~/.bashrc:                    eval "$(orders-events completion bash)"
    zsh, in ~/.zshrc:                      eval "$(orders-events completion zsh)"
    fish, in ~/.config/fish/config.fish:   orders-events completion fish | source
    """
    click.echo(_SHELLS[shell](context.find_root().command, {}, PROGRAM, _VARIABLE).source())
    return 0
