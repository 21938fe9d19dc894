"""ARCHITECTURE.md names every folder of app/, and nothing that does not exist."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
APP = ROOT / "app"
TEXT = (ROOT / "ARCHITECTURE.md").read_text()
QUOTED = sorted(set(re.findall(r"`([^`\n]+)`", TEXT)))
PATHS = [each for each in QUOTED if re.fullmatch(r"(app|tests|openapi|contracts)/[\w./-]*", each)]
NAMES = [each for each in QUOTED if re.fullmatch(r"_?[A-Z]\w+(\.\w+)?|_?[a-z]\w*\(\)", each)]
WITHOUT_CODE = {"EventSource"}  # names of other projects


def folders_with_code() -> list[str]:
    found = {each.parent.relative_to(ROOT) for each in APP.rglob("*.py")}
    return sorted(f"{each}/" for each in found if each != Path("app"))


def defined_in(module: Path) -> Iterator[str]:
    """Yield the names of a module's classes, methods, functions and constants."""
    for node in ast.parse(module.read_text()).body:
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield f"{name}()"
            case ast.ClassDef(name=name, body=body):
                yield name
                yield from (
                    f"{name}.{each.name}" for each in body if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)
                )
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                yield name


DEFINED = {name for module in APP.rglob("*.py") for name in defined_in(module)}


@pytest.mark.parametrize("folder", folders_with_code())
def test_every_folder_of_the_program_is_described(folder: str) -> None:
    assert folder in QUOTED


@pytest.mark.parametrize("path", PATHS)
def test_paths_named_exist(path: str) -> None:
    assert (ROOT / path).exists()


@pytest.mark.parametrize("name", [each for each in NAMES if each not in WITHOUT_CODE])
def test_names_of_code_exist(name: str) -> None:
    assert name in DEFINED


def test_paths_and_names_were_found() -> None:
    assert len(PATHS) > 50
    assert len(NAMES) > 40
    assert len(DEFINED) > 1000


def test_map_of_the_package_names_every_part() -> None:
    parts = {each.stem for each in APP.iterdir() if (each / "__init__.py").exists() or each.suffix == ".py"}
    named = set(re.findall(r"`(\w+)`", (APP / "__init__.py").read_text()))
    assert named == parts - {"__init__", "__main__"}
