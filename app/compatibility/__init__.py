"""The compatibility gate: compare the contract with its last released form, so that a release never breaks an existing client.

The contract is the OpenAPI document and the event schemas. For each difference between the contract and its released form, the
gate finds out two facts: the effect on the allowed values (`Effect`: more values are allowed, fewer, or others), and the
direction in which the values are sent (`Direction`: in requests, in responses, or in both). From these two facts, the table
`REQUIRED_STEPS` derives the smallest version bump (major, minor or patch) that the difference requires. The rules that find the
differences are tables as well: one row for each keyword of a schema, and one row for each member of an OpenAPI object. No library
does this, because the existing libraries silently ignore some keywords that our schemas may use. The tests run one such tool,
oasdiff, on the same documents.

Reading order: `rules/` (`change`, `comparison`, `rows`, `effects`, `allowed_values` and `alternatives`, then the tables
`schema_rules`, `component_rules` and `document_rules`), `finding`, `released/` (the released contract),
`working_contract` (the contract as it is now); `event_schemas`, `retirement`, `document_changes`, `numbered_fields` and `consumers` (the
checks), `gate` (runs all checks).
"""

from app.compatibility.finding import Finding
from app.compatibility.gate import Report, check, number, release

__all__ = ["Finding", "Report", "check", "number", "release"]
