"""The wheel carries the contract and runs from any folder."""

from __future__ import annotations

import subprocess
import sys
import venv
from pathlib import Path
from zipfile import ZipFile

import httpx
import pytest

from tests.support.server_process import ServerProcess

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)],
        check=True,
        capture_output=True,
    )
    return next(folder.glob("*.whl"))


def test_wheel_carries_the_contract_and_nothing_else_of_the_repository(wheel: Path) -> None:
    names = ZipFile(wheel).namelist()
    assert "app/contract/openapi/orders-events.yaml" in names
    assert "app/py.typed" in names
    assert "app/contract/contracts/order.shipped/1.0.0/schema.json" in names
    assert {name.split("/")[0] for name in names} == {"app", next(n for n in names if ".dist-info/" in n).split("/")[0]}


def test_installed_wheel_serves_its_own_contract_from_another_folder(wheel: Path, tmp_path: Path) -> None:
    environment = tmp_path / "venv"
    venv.create(environment, with_pip=False, symlinks=True)
    site_packages = next(environment.glob("lib/python*/site-packages"))
    ZipFile(wheel).extractall(site_packages)
    # The dependencies are those of the interpreter that runs the tests; only the wheel itself is tested here.
    dependencies = next(Path(path) for path in sys.path if path.endswith("site-packages"))
    (site_packages / "dependencies.pth").write_text(f"{dependencies}\n")
    with ServerProcess("--store", "memory:", cwd=tmp_path, python=environment / "bin" / "python") as server:
        document = httpx.get(f"{server.url}/openapi.json", trust_env=False, timeout=60).json()
        assert document["info"]["title"] == "Orders Events"
        where = subprocess.run(
            [environment / "bin" / "python", "-c", "import app; print(app.__file__)"],
            check=True, capture_output=True, text=True, cwd=tmp_path,
        )  # fmt: skip
        assert where.stdout.startswith(str(site_packages))
