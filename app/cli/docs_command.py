"""`orders-events docs`: write the documentation as files."""

from __future__ import annotations

from pathlib import Path

import click

from app.cli.options import contract_option
from app.pages import SettingDocs, build_site
from app.pages.site_paths import Layout
from app.settings import documented
from app.specification.contracts import load_contracts
from app.specification.document import load_document
from app.specification.errors import StartupError


@click.command
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@contract_option("Document the contract in this folder.")
def docs(*, folder: Path, root: Path) -> int:
    """Write into FOLDER the pages that a server shows at /docs, as files that need no server.

    FOLDER is made if it is missing, and files in it are replaced. Open index.html in a browser, or put the folder on any
    web server, below any path. The page that follows the stream asks for the address of a server.

    Exit codes: 0 written; 1 the contract is wrong; 2 usage.
    """
    try:
        contracts = load_contracts(root / "contracts")
        document = load_document(root, contracts)
        settings = [SettingDocs(*row) for row in documented()]
        files = build_site(document, contracts, root / "contracts", settings, Layout.FILES)
    except StartupError as error:
        raise click.ClickException(str(error)) from None
    for name, file in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.content)
    click.echo(f"{folder / 'index.html'}")
    return 0
