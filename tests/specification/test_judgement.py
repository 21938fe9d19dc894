"""A document that was valid at the last start is not judged again; whatever differs from it is."""

from __future__ import annotations

import sys
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from app.specification.errors import InvalidContract
from app.specification.openapi.validity.judgement import judgement_of

VALID: dict[str, Any] = {
    "openapi": "3.0.3",
    "info": {"title": "Orders", "version": "1.0.0"},
    "paths": {
        "/a": {"get": {"operationId": "readA", "responses": {"200": {"description": "a"}}}},
        "/b": {"get": {"operationId": "readB", "responses": {"200": {"description": "b"}}}},
    },
}


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(sys, "pycache_prefix", str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    return tmp_path


def judge(document: dict[str, Any]) -> str:
    """Judge a document; return the name of the kind of judgement that was made."""
    judgement = judgement_of(document)
    judgement.check_structure()
    judgement.check_beyond_structure()
    return type(judgement).__name__


def test_valid_document_is_judged_once() -> None:
    assert judge(VALID) == "_NewJudgement"
    assert judge(deepcopy(VALID)) == "_PastJudgement"


@pytest.mark.parametrize(
    "wrong",
    [
        {**VALID, "info": {"title": "Orders"}},  # against the JSON Schema
        {**VALID, "paths": {**VALID["paths"], "/b": VALID["paths"]["/a"]}},  # an operationId twice
    ],
)
def test_changed_document_is_judged_after_a_valid_one(wrong: dict[str, Any]) -> None:
    judge(VALID)
    for _ in range(2):  # a document that was refused is refused again
        with pytest.raises(InvalidContract):
            judge(wrong)
    assert judge(VALID) == "_PastJudgement"


def test_valid_document_that_changed_is_judged_and_remembered() -> None:
    judge(VALID)
    changed = {**VALID, "info": {"title": "orders", "version": "1.0.0"}}
    assert [judge(changed), judge(changed), judge(VALID)] == ["_NewJudgement", "_PastJudgement", "_NewJudgement"]


def test_document_is_judged_each_time_where_python_keeps_no_files(
    own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    assert [judge(VALID), judge(VALID)] == ["_NewJudgement", "_NewJudgement"]
    assert list(own_cache.iterdir()) == []


def test_damaged_verdict_counts_as_none(own_cache: Path) -> None:
    judge(VALID)
    (kept,) = own_cache.rglob("*.valid")
    for damage in (b"", b"\xff", kept.read_bytes()[:-1]):
        kept.write_bytes(damage)
        assert judge(VALID) == "_NewJudgement"


def test_folder_that_cannot_be_written_hinders_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr(sys, "pycache_prefix", str(tmp_path / "file"))
    assert [judge(VALID), judge(VALID)] == ["_NewJudgement", "_NewJudgement"]
