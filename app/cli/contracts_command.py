"""`orders-events contracts`: the compatibility gate."""

from __future__ import annotations

from pathlib import Path

import click

from app import compatibility
from app.cli.options import contract_option
from app.specification.errors import InvalidContract


@click.command
@contract_option("Check the contract in this folder.")
@click.option("--release", is_flag=True, help="If nothing is found, record the contract as released.")
def contracts(*, root: Path, release: bool) -> int:
    """Compare the contract with the released one, and with the members of events that its consumers rely on.

    A released schema never changes. Within a major version an event schema gains optional properties and changes its text, nothing
    else. Nothing public leaves the OpenAPI document without a new major version, and info.version moves with every change. What is
    written in contracts/consumers/ stays true.

    The released contract is recorded in contracts/released.json and openapi/released.json, which --release writes.

    Exit codes: 0 nothing is broken; 1 something is, or the contract cannot be read; 2 usage.
    """
    try:
        report = compatibility.release(root) if release else compatibility.check(root)
    except InvalidContract as error:
        raise click.ClickException(str(error)) from None
    for finding in report.findings:
        click.echo(f"{finding}\n")
    if report.findings:
        count = len(report.findings)
        raise click.ClickException(f"{count} violation{'s' if count > 1 else ''}. {report.summary}")
    click.echo(report.summary)
    return 0
