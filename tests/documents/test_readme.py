"""The README and the documents beside it name what exists: commands, flags, targets, files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from app.cli import COMMANDS, main

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
DOCUMENTS = (
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "contracts/README.md",
    "app/client/README.md",
    "app/pages/client/README.md",
    "tests/benchmark/README.md",
    "tests/benchmark/results/README.md",
)
MOST_LINES = 140
MOST_PICTURE_BYTES = 200_000

each_document = pytest.mark.parametrize("document", DOCUMENTS)


def text(document: str) -> str:
    return (ROOT / document).read_text()


def links(document: str) -> Iterator[Path]:
    """Yield the files that a document links to or shows."""
    for target in re.findall(r"\]\(([^)\s]+)\)", text(document)):
        if not re.match(r"\w+:|#", target):
            yield (ROOT / document).parent / target.partition("#")[0]


def test_readme_is_read_in_a_few_minutes() -> None:
    assert len(README.splitlines()) <= MOST_LINES


@each_document
def test_files_linked_exist(document: str) -> None:
    assert [str(file) for file in links(document) if not file.exists()] == []


def test_readme_shows_pictures_that_load_quickly() -> None:
    pictures = [file for file in links("README.md") if file.suffix in {".png", ".svg"}]
    assert {file.suffix for file in pictures} == {".png", ".svg"}
    assert max(file.stat().st_size for file in pictures) < MOST_PICTURE_BYTES


def test_readme_leads_to_the_other_documents() -> None:
    expected = {ROOT / document for document in DOCUMENTS if "results" not in document}
    assert set(links("README.md")) | {ROOT / "README.md"} >= expected


@each_document
def test_make_targets_named_exist(document: str) -> None:
    makefile = text("Makefile")
    for target in set(re.findall(r"(?:^    |`)make ([a-z]+)", text(document), re.MULTILINE)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


@each_document
def test_subcommands_named_exist(document: str) -> None:
    named = set(re.findall(r"(?:^    |`|bin/)orders-events ([a-z]+)", text(document), re.MULTILINE))
    assert named <= COMMANDS.keys()


def test_commands_are_named() -> None:
    assert {"serve", "publish", "tail", "check"} <= set(re.findall(r"orders-events ([a-z]+)", README))
    assert {"run", "test", "check"} <= set(re.findall(r"make ([a-z]+)", README))


def test_flags_named_exist() -> None:
    helped = "".join(CliRunner().invoke(main, [each, "--help"]).output for each in COMMANDS)
    ours = re.sub(r"^    (?:curl|buf) (?:.*\\\n)*.*$", "", README, flags=re.MULTILINE)
    named = set(re.findall(r"(?<=[ `])--[a-z][a-z-]+", ours))
    assert named <= set(re.findall(r"--[a-z-]+", helped))
