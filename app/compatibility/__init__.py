"""The compatibility gate: what is released is compared with what is there now, and nobody's reader may break in between.

Two facts are found about every difference: what it does to what may be said (`Effect`: more is allowed, less, something else),
and who says it (`Direction`: clients in requests, the server in responses, both in events). One table makes of them the least
step of the version that the difference needs (`REQUIRED_STEPS`). The rules are tables, too: one row per keyword of a schema, one per
member of an OpenAPI object. No library is used for the diff: those that exist pass over parts of this dialect in silence.

Reading order: `change` (what a difference is), `pair` and `rows` (how two documents are walked side by side), `effects` and
`patterns` (which of two values allows more), `schema_rules` and `document_rules` (the tables), `versions`, `finding`;
`present`, `baseline` (what is there, what is released); `event_schemas`, `document`, `consumers` (what is checked); `gate`.
"""

from app.compatibility.finding import Finding
from app.compatibility.gate import Report, check, release

__all__ = ["Finding", "Report", "check", "release"]
