"""`orders-events docs`: write the documentation as files."""

from __future__ import annotations

from pathlib import Path

import click

from app.settings import SETTINGS, Settings
from app.specification.errors import StartupError

_CONTRACT = SETTINGS["contract"]


@click.command(short_help="Write the documentation as files.")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    _CONTRACT.flag,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar=_CONTRACT.metavar,
    help="Document the contract in this folder (openapi/ and contracts/). Not given: the built-in one.",
)
def docs(folder: Path, contract: Path | None) -> int:
    """Write into FOLDER what a server shows at /docs, as files that need no server.

    FOLDER is made where it is missing, and files in it are replaced. Open index.html in a browser, or put the folder on any
    web server, below any path. The page that follows the stream asks for the address of a server.

    Exit codes: 0 written; 1 the contract is wrong; 2 usage.
    """
    # --help and completion load all commands, and need not wait for these.
    from app.pages.site import build_site  # noqa: PLC0415
    from app.pages.site_paths import Layout  # noqa: PLC0415
    from app.specification.contracts import load_contracts  # noqa: PLC0415
    from app.specification.document import load_document  # noqa: PLC0415

    root = Settings(contract=contract).contract_root
    try:
        contracts = load_contracts(root / "contracts")
        files = build_site(load_document(root, contracts), contracts, root / "contracts", Layout.FILES)
    except StartupError as error:
        raise click.ClickException(str(error)) from None
    for name, file in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.content)
    click.echo(f"{folder / 'index.html'}")
    return 0
