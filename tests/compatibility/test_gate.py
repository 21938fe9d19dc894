"""The baselines, the comparison with them, and the findings if something cannot be compared."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import pytest

from app.compatibility import Finding, check, release
from app.compatibility.released.baseline import read_baseline
from app.compatibility.released.schema_files import read_schema_files
from app.specification.contracts import load_contracts
from app.specification.document import load_document
from app.specification.errors import InvalidContract
from app.specification.version import Step, parse_version
from tests.compatibility.released_contract import BASELINES, Edit, ReleasedContract, add, both, drop, move, put

ROOT = Path(__file__).parents[2]
SCHEMAS, DOCUMENT, NUMBERS, _ = BASELINES
COURIER = put("properties", "courier", value={"type": "string", "maxLength": 50})


def described(contract: ReleasedContract) -> str:
    schemas = read_schema_files(contract.copy.contracts)
    types = {schema.event_type for schema in schemas}
    return f"{len(schemas)} schemas of {len(types)} event types, document {document_version(contract)}"


def document_version(contract: ReleasedContract) -> str:
    version: str = json.loads((contract.root / DOCUMENT).read_text())["info"]["version"]
    return version


def next_document_version(contract: ReleasedContract, step: Step) -> str:
    version = parse_version(document_version(contract))
    assert version is not None
    return str(version.next(step))


def test_every_schema_of_the_repository_that_is_released_is_as_it_was() -> None:
    baseline = read_baseline(ROOT)
    assert baseline is not None
    digests = {(each.event_type, str(each.version)): each.digest for each in read_schema_files(ROOT / "contracts")}
    for event_type, versions in baseline.digests.items():
        for version, digest in versions.items():
            assert digests[event_type, version] == digest


def test_contract_that_is_as_released_passes(released: ReleasedContract) -> None:
    report = released.check()
    assert report.findings == []
    count = described(released).partition(" ")[0]
    assert report.summary == f"{described(released)}; {count} schemas are released; consumers: dashboard, tail."


def test_baselines_are_digests_of_files_and_the_served_document(released: ReleasedContract) -> None:
    digests = json.loads((released.root / SCHEMAS).read_text())
    files = sorted(released.copy.contracts.glob("*/*/schema.json"))
    assert {f"{name}/{version}" for name in digests for version in digests[name]} == {
        f"{file.parts[-3]}/{file.parts[-2]}" for file in files
    }
    for file in files:
        assert digests[file.parts[-3]][file.parts[-2]] == hashlib.sha256(file.read_bytes()).hexdigest()
    served = load_document(released.root, load_contracts(released.copy.contracts))
    assert (released.root / DOCUMENT).read_bytes() == served.json


def test_server_starts_with_baselines_and_consumers_among_the_contracts(released: ReleasedContract) -> None:
    assert set(load_contracts(released.copy.contracts).event_types) >= {"order.cancelled", "order.shipped"}


def test_release_records_new_schemas(released: ReleasedContract) -> None:
    before, now = released.add_version("order.shipped", COURIER)
    released.edit_document(move(Step.MINOR))
    assert f"not yet released: order.shipped {now};" in released.check().summary
    assert release(released.root).findings == ()
    assert list(json.loads((released.root / SCHEMAS).read_text())["order.shipped"])[-2:] == [before, now]
    released.edit_schema("order.shipped", now, drop("properties", "courier", "maxLength"))
    assert "released-schema-changed" in released.rules()


def test_second_release_changes_nothing(released: ReleasedContract, baselines: dict[str, bytes]) -> None:
    release(released.root)
    assert {name: (released.root / name).read_bytes() for name in BASELINES} == baselines


def test_release_writes_nothing_if_there_are_findings(released: ReleasedContract, baselines: dict[str, bytes]) -> None:
    released.add_version("order.cancelled", drop("properties", "reason"))
    report = release(released.root)
    assert "property-removed" in {finding.rule for finding in report.findings}
    assert {name: (released.root / name).read_bytes() for name in BASELINES} == baselines


def test_missing_baselines_are_a_violation_until_they_are_written(released: ReleasedContract) -> None:
    for name in BASELINES:
        (released.root / name).unlink()
    assert released.rules() == ["baseline-missing"]
    release(released.root)
    assert released.rules() == []


@pytest.mark.parametrize(
    ("name", "content", "line"),
    [
        (SCHEMAS, None, "belong together, and only openapi/released.json is there."),
        (DOCUMENT, None, "belong together, and only contracts/released.json is there."),
        (SCHEMAS, "[]", "must be objects."),
        (DOCUMENT, "{", "released.json: The JSON text is malformed"),
        (SCHEMAS, '{"order.shipped": {"1.0.0": 1}}', "must name a digest for each version of each event type."),
    ],
)
def test_baseline_is_refused(released: ReleasedContract, name: str, content: str | None, line: str) -> None:
    path = released.root / name
    path.unlink() if content is None else path.write_text(content)
    for run in (check, release):
        with pytest.raises(InvalidContract) as refused:
            run(released.root)
        assert line in refused.value.detail


# Steps


def steps(contract: ReleasedContract) -> list[tuple[str, str, str]]:
    findings = [each for each in contract.check().findings if each.place.startswith("contracts/")]
    return [(finding.rule, finding.before, finding.now) for finding in findings]


def test_each_version_is_compared_with_the_one_before_it(released: ReleasedContract) -> None:
    released.add_version("order.shipped", COURIER)
    before, now = released.add_version("order.shipped", drop("properties", "courier"))
    released.edit_document(move(Step.MINOR))
    assert steps(released) == [("property-removed", before, now)]


def test_a_version_before_a_released_one_is_compared_with_both_its_neighbours(released: ReleasedContract) -> None:
    _, skipped = released.add_version("order.shipped", put("title", value="Shipped"))
    _, now = released.add_version("order.shipped", put("title", value="Shipped"))
    released.remove_version("order.shipped", skipped)
    released.edit_document(move(Step.MINOR))
    assert release(released.root).findings == ()
    shutil.copytree(released.schema("order.shipped", now).parent, released.schema("order.shipped", skipped).parent)
    released.edit_schema("order.shipped", skipped, COURIER)
    assert steps(released) == [("property-removed", skipped, now)]


def test_versions_are_ordered_as_numbers(released: ReleasedContract) -> None:
    for _ in range(11):
        released.add_version("order.shipped", put("title", value="Shipped"))
    versions = [
        each.version for each in read_schema_files(released.copy.contracts) if each.event_type == "order.shipped"
    ]
    assert len(versions) >= 12
    assert versions == sorted(versions)
    assert steps(released) == []


def test_a_new_major_version_is_compared_with_nothing(released: ReleasedContract) -> None:
    released.add_version("order.shipped", drop("properties", "when", "format"), Step.MAJOR)
    assert steps(released) == []
    assert "contracts-invalid" in released.rules()  # it has no tables


def test_event_schema_with_rules_of_its_own_counts_as_an_addition_to_the_document(
    released: ReleasedContract,
) -> None:
    released.add_version("order.shipped", put("properties", "when", "maxLength", value=60))
    findings = released.check().findings
    assert [finding.rule for finding in findings] == ["max-length-tightened", "version-not-moved"]
    assert findings[1].fix == f"Make it {next_document_version(released, Step.MINOR)}."


# The text of a finding


def test_violation_names_rule_place_versions_change_and_fix(released: ReleasedContract) -> None:
    edit = both(put("properties", "courier", value={"type": "string"}), add("required", value="courier"))
    valid = {"orderId": "a", "when": "2024-05-01T10:00:00Z", "courier": "DHL"}
    before, now = released.add_version("order.shipped", edit, valid=valid)
    major = released.newest("order.shipped").next(Step.MAJOR)
    finding = next(each for each in released.check().findings if each.rule == "required-property-added")
    assert str(finding) == (
        f"required-property-added: contracts/order.shipped/{now}/schema.json at /required\n"
        f"  versions  {before} -> {now}\n"
        '  change    gains "courier"\n'
        f"  fix       Make it optional, or make it a new major version, order.shipped {major}."
    )


def test_violation_of_the_document_names_the_place_in_it(released: ReleasedContract) -> None:
    released.edit_document(put("components", "parameters", "wait", "schema", "maximum", value=20))
    (finding,) = released.check().findings
    version = document_version(released)
    assert finding == Finding(
        "maximum-tightened",
        "openapi/orders-events.yaml at components.parameters.wait.schema.maximum",
        version,
        version,
        "was 30, is 20",
        f"Set it back, or make info.version {next_document_version(released, Step.MAJOR)}.",
    )


def test_finding_about_a_version_lists_the_changes_that_need_a_larger_one(released: ReleasedContract) -> None:
    summaries = [
        put("paths", path, "get", "summary", value="x") for path in ("/event-types", "/metrics", "/openapi.json")
    ]
    released.edit_document(both(*summaries, put("info", "title", value="Orders")))
    (finding,) = released.check().findings
    assert finding.change == (
        "stayed behind a change of text: title-reworded at info.title, summary-reworded at paths./event-types.get.summary, "
        "summary-reworded at paths./openapi.json.get.summary, and 1 more"
    )


# An invalid contract


def test_invalid_document_does_not_hide_findings_about_schemas(released: ReleasedContract) -> None:
    released.add_version("order.cancelled", drop("properties", "reason"))
    released.copy.document.write_text("openapi: [")
    assert released.rules() == [
        "consumer-example-refused",
        "consumer-pointer-removed",
        "document-invalid",
        "property-removed",
    ]


def test_document_that_refers_to_an_older_version_is_invalid_and_hides_no_findings(
    released: ReleasedContract,
) -> None:
    before = released.newest("order.shipped")
    folder = released.schema("order.shipped", str(before.next(Step.MINOR))).parent
    shutil.copytree(released.schema("order.shipped", str(before)).parent, folder)
    released.edit_schema("order.shipped", folder.name, put("additionalProperties", value=True))
    (folder / "examples" / "invalid-unknown-property.json").unlink()
    assert released.rules() == ["additional-properties-loosened", "document-invalid"]


@pytest.mark.parametrize("text", ["{", "[]", '{"if": {}}'])
def test_invalid_schema_does_not_hide_findings_about_others(released: ReleasedContract, text: str) -> None:
    before, now = released.add_version("order.cancelled", put("title", value="Gone"))
    released.schema("order.cancelled", now).write_text(text)
    released.schema("order.cancelled", before).write_text("{}")
    assert {"contracts-invalid", "document-invalid", "released-schema-changed"} <= set(released.rules())


@pytest.mark.parametrize(
    "edit",
    [
        put("openapi", value="3.1.0"),
        put("paths", value=[]),
        put("paths", "/metrics", "get", value={"$ref": "#/nowhere"}),
    ],
)
def test_document_that_cannot_be_compared_is_a_violation(released: ReleasedContract, edit: Edit) -> None:
    released.edit_document(edit)
    assert released.rules() == ["document-invalid"]
