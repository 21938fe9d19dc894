"""`docs` writes the pages as files, or fails with one line that says why."""

from __future__ import annotations

import json
from pathlib import Path

from app.pages.site_paths import Layout
from tests.cli.command import Ran, run
from tests.pages.contract import site
from tests.support.contract_copy import ContractCopy
from tests.support.order_returned import add_order_returned


def test_site_is_written_with_everything_that_it_links_to(tmp_path: Path) -> None:
    folder = tmp_path / "build" / "docs"
    assert run("docs", str(folder)) == Ran(0, f"{folder / 'index.html'}\n", [])
    written = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert written == {name: file.content for name, file in site(Layout.FILES).items()}
    assert json.loads(written["openapi-3.2.json"])["openapi"] == "3.2.0"
    assert json.loads(written["asyncapi.json"])["asyncapi"] == "3.1.0"
    assert "service OrderEvents {" in written["orders-events.proto"].decode()
    assert json.loads(written["event-types/order.shipped/1.0.0.json"])["title"] == "OrderShipped"


def test_another_contract_is_written(tmp_path: Path) -> None:
    copy = ContractCopy(tmp_path / "contract")
    add_order_returned(copy)
    assert run("docs", str(tmp_path / "site"), "--contract", str(copy.root)).code == 0
    assert "order.returned" in (tmp_path / "site" / "events.html").read_text()


def test_wrong_contract_is_one_line_and_exit_code_1(tmp_path: Path) -> None:
    copy = ContractCopy(tmp_path / "contract")
    copy.replace(r"^openapi: 3\.0\.3$", "openapi: 2.0.0")
    ran = run("docs", str(tmp_path / "site"), "--contract", str(copy.root))
    assert (ran.code, ran.out, len(ran.errors)) == (1, "", 1)
    assert not (tmp_path / "site").exists()


def test_folder_that_is_a_file_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    ran = run("docs", str(tmp_path / "file"))
    assert (ran.code, ran.out, len(ran.errors)) == (2, "", 1)
