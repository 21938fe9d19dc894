"""`orders-events types`: the released event types for Python."""

from __future__ import annotations

from pathlib import Path

import click

from app.cli.options import contract_option
from app.compatibility.baseline import released_schemas
from app.specification.derived.python_types import CLIENT, python_types
from app.specification.errors import InvalidContract


@click.command
@contract_option("Write the types of the contract in this folder.")
@click.option(
    "--import-from",
    "module",
    default=CLIENT,
    show_default=True,
    metavar="MODULE",
    help="The module that the types import OrderEvent from.",
)
def types(*, root: Path, module: str) -> int:
    """Write a Python module with the types of the released events, for type checkers and editors.

    The Python client has such a module for the contract that it was made with. An event of another type is read too: its data is a
    plain mapping.

    Exit codes: 0 written; 1 the contract cannot be read; 2 usage.
    """
    try:
        schemas = released_schemas(root)
    except InvalidContract as error:
        raise click.ClickException(str(error)) from None
    click.echo(python_types(schemas, module), nl=False)
    return 0
