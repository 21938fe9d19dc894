"""The README says what is so."""

from __future__ import annotations

import re
from pathlib import Path

from click.testing import CliRunner

from app.cli import COMMANDS, main
from app.settings import documented

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


def settings_table() -> str:
    rows = [f"| `{row.flag}` | {f'`{row.default}`' if row.default else ''} | {row.help} |" for row in documented()]
    return "\n".join(["| setting | default | what it does |", "|---|---|---|", *rows])


def test_settings_table_is_the_table_of_settings() -> None:
    assert settings_table() in README


def test_make_targets_named_exist() -> None:
    makefile = (ROOT / "Makefile").read_text()
    named = set(re.findall(r"(?:^    |`)make ([a-z]+)", README, re.MULTILINE))
    assert named
    for target in named:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_subcommands_named_exist() -> None:
    for subcommand in set(re.findall(r"orders-events ([a-z]+)", README)):
        assert CliRunner().invoke(main, [subcommand, "--help"]).exit_code == 0


def test_flags_named_exist() -> None:
    helped = [CliRunner().invoke(main, [each, "--help"]).output for each in COMMANDS]
    known = {row.flag for row in documented()} | set(re.findall(r"--[a-z-]+", "".join(helped)))
    prose = README.replace(settings_table(), "")
    assert set(re.findall(r"(?<=[ `])--[a-z][a-z-]+", prose)) <= known


def test_paths_named_exist() -> None:
    for path in re.findall(r"^    (app/[a-z/.]+)", README, re.MULTILINE):
        assert (ROOT / path).exists(), path
