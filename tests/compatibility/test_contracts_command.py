"""`orders-events contracts`: what it prints, and how it ends."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from app.cli import Program
from app.cli.contracts.contract_commands import contracts
from tests.cli.command import Ran
from tests.compatibility.released_contract import BASELINES, ReleasedContract, put

PROGRAM = Program("orders-events", commands=[contracts])


def run(*arguments: str) -> Ran:
    result = CliRunner().invoke(PROGRAM, ["contracts", *arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Ran(result.exit_code, result.stdout, result.stderr.splitlines())


def test_contract_without_findings_is_summed_up(released: ReleasedContract) -> None:
    ran = run("--contract", str(released.root))
    assert ran == Ran(0, f"{released.check().summary}\n", [])
    assert ran.out.endswith("consumers: dashboard, tail.\n")


def test_each_violation_is_a_block(released: ReleasedContract) -> None:
    released.edit_document(put("components", "parameters", "wait", "schema", "maximum", value=20))
    released.edit_document(put("components", "parameters", "wait", "name", value="waitSeconds"))
    ran = run("--number", "--contract", str(released.root))
    assert ran.code == 1
    of_streams_and_of_pages = ["parameter-removed"] * 2
    assert [block.partition(":")[0] for block in ran.out.strip().split("\n\n")] == of_streams_and_of_pages
    assert ran.errors[0].startswith("orders-events: 2 violations. ")


def test_release_writes_the_baselines(released: ReleasedContract) -> None:
    for name in BASELINES:
        (released.root / name).unlink()
    refused = run("--contract", str(released.root))
    assert refused.code == 1
    assert refused.out.startswith("baseline-missing: ")
    ran = run("--contract", str(released.root), "--release")
    assert ran.code == 0
    assert re.fullmatch(r"Released: [0-9]+ schemas of [0-9]+ event types, document [0-9.]+\.\n", ran.out)
    assert run("--contract", str(released.root)).code == 0


def test_folder_is_taken_from_the_variable(released: ReleasedContract, monkeypatch: pytest.MonkeyPatch) -> None:
    (released.root / BASELINES[0]).write_text("[]")
    monkeypatch.setenv("ORDERS_EVENTS_CONTRACT", str(released.root))
    ran = run()
    assert ran.code == 1
    (line,) = ran.errors
    assert line.endswith("contracts/released.json and openapi/released.json must be objects.")


def test_folder_that_does_not_exist_is_a_wrong_usage(tmp_path: Path) -> None:
    assert run("--contract", str(tmp_path / "none")).code == 2
