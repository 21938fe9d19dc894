"""The HTTP contract, `openapi/orders-events.yaml`: read at startup, checked, bundled with the event schemas, and served.

Reading order: `source` (YAML in), `bundle` (references), `openapi`, `schemas`, `event_types`, `problems` (what is checked),
`write` (JSON and YAML out), `load` (all of it).
"""

from app.transports.http.document.load import Document, load_document
from app.transports.http.document.problems import ProblemType

__all__ = ["Document", "ProblemType", "load_document"]
