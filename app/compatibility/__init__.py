"""The compatibility gate: compare the contract with its released form, so that a release never breaks an existing client.

Two facts are established about every difference: its effect on the values that are allowed (`Effect`: more values, fewer, others)
and the direction in which these values travel (`Direction`: in requests, in responses, in both). A table derives from them the
smallest version bump that the difference requires (`REQUIRED_STEPS`). The rules are tables as well: one row for each keyword of
a schema, and one for each member of an OpenAPI object. No library computes the differences, because the existing ones
silently ignore parts of this dialect; the tests run one, oasdiff, beside this gate.

Reading order: `rules/` (`change`, `comparison`, `rows`, `effects` and `patterns`, then the tables `schema_rules`, `component_rules`
and `document_rules`), `finding`, `schema_files`, `baseline` (the released contract), `working_contract` (the contract as it is
now); `event_schemas`, `document_changes` and `consumers` (the checks), `gate`.
"""

from app.compatibility.finding import Finding
from app.compatibility.gate import Report, check, release

__all__ = ["Finding", "Report", "check", "release"]
