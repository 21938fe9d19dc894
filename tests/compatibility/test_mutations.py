"""The verdict of the gate on each change in the tables of mutations: the rules that report it, and no other rule."""

from __future__ import annotations

import shutil
from collections.abc import Sequence

import pytest

from app.compatibility import Finding
from app.compatibility.document_changes import check_document
from app.specification.openapi.validity.openapi_rules import check_structure
from tests.compatibility.mutations import BEFORE, CONTRACTS, DOCUMENTS, EVENTS, DocumentMutation, Mutation, mutated
from tests.compatibility.released_contract import ReleasedContract


@pytest.mark.parametrize("mutation", EVENTS.values(), ids=EVENTS.keys())
def test_verdict_of_an_event_schema_with(released: ReleasedContract, mutation: Mutation) -> None:
    shutil.rmtree(released.copy.contracts / "consumers")  # they have tests of their own
    mutation.mutate(released)
    check_verdict(released.check().findings, mutation)


@pytest.mark.parametrize("mutation", DOCUMENTS.values(), ids=DOCUMENTS.keys())
def test_verdict_of_a_document_with(mutation: DocumentMutation) -> None:
    document = mutated(mutation)
    check_structure(document)
    check_verdict(list(check_document(BEFORE, document, CONTRACTS.event_types)), mutation)


def check_verdict(findings: Sequence[Finding], mutation: Mutation | DocumentMutation) -> None:
    assert sorted({finding.rule for finding in findings}) == list(mutation.rules), [str(each) for each in findings]
    if mutation.right:
        assert any(f" {mutation.right}" in finding.fix for finding in findings)


def test_mutations_are_many_in_both_directions() -> None:
    verdicts = [bool(each.rules) for each in EVENTS.values()] + [bool(each.rules) for each in DOCUMENTS.values()]
    assert verdicts.count(True) >= 20
    assert verdicts.count(False) >= 20
