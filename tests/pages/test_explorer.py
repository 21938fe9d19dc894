"""The explorer is there if Scalar is installed; otherwise the pages have no link to it."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.pages import build_site
from app.pages.site_files import SiteFile, find_explorer
from app.specification.contracts import load_contracts
from app.specification.document import load_document
from tests.pages.contract import ROOT, read


def install(folder: Path, *files: str) -> None:
    """Write the metadata that pip would write, and files."""
    metadata = folder / "flask_openapi3_scalar-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.4\nName: flask-openapi3-scalar\nVersion: 1.0\n")
    script = folder / "flask_openapi3_scalar" / "templates" / "scalar.standalone.js"
    script.parent.mkdir(parents=True)
    (folder / "flask_openapi3_scalar" / "__init__.py").write_text("raise AssertionError('nothing of it is imported')")
    if files:
        script.write_text("// Scalar")
    names = ["flask_openapi3_scalar/__init__.py", *files]
    (metadata / "RECORD").write_text("".join(f"{name},,\n" for name in names))


CONTRACTS = load_contracts(ROOT / "contracts")
DOCUMENT = load_document(ROOT, CONTRACTS)


def built() -> dict[str, SiteFile]:
    return build_site(DOCUMENT, CONTRACTS, ROOT / "contracts", [])


def without_scalar(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Hide all installed packages except the ones in a folder; the code itself is already loaded."""
    monkeypatch.setattr("sys.path", [str(folder)])


def test_installed_script_is_found_and_served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, "flask_openapi3_scalar/templates/scalar.standalone.js")
    without_scalar(monkeypatch, tmp_path)
    found = find_explorer()
    assert found is not None
    assert found.read_text() == "// Scalar"

    site = built()
    assert site["docs/assets/scalar.js"].content == b"// Scalar"
    assert "Explorer" in site["docs"].content.decode()
    explorer = site["docs/explorer"]
    assert "style-src 'self' 'unsafe-inline'" in explorer.policy
    assert "script-src 'self';" in explorer.policy
    (holder,) = read(explorer.content).all("div", id="content")
    assert holder.attributes["data-document"] == "../openapi.json"


def test_pages_work_without_the_script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without_scalar(monkeypatch, tmp_path)
    assert find_explorer() is None
    site = built()
    assert not [name for name in site if "scalar" in name or "explorer" in name]
    assert "Explorer" not in site["docs"].content.decode()


@pytest.mark.parametrize("files", [(), ("flask_openapi3_scalar/gone/scalar.standalone.js",)])
def test_package_without_its_script_counts_as_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: tuple[str, ...]
) -> None:
    install(tmp_path, *files)
    without_scalar(monkeypatch, tmp_path)
    assert find_explorer() is None
