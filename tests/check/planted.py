"""All faults of event streams, pages and publishing that the checks must find, by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from app.check.table import CHECKS
from tests.check.answer_faults import PLANTED_IN_ANSWERS
from tests.check.document_faults import PLANTED_IN_DOCUMENTS
from tests.check.faults import Planted
from tests.check.limit_faults import PLANTED_IN_LIMITS
from tests.check.open_start_faults import PLANTED_AT_OPEN_STARTS
from tests.check.publish_faults import PLANTED_IN_PUBLISHING
from tests.check.refusal_faults import PLANTED_IN_REFUSALS
from tests.check.selection_faults import PLANTED_IN_SELECTIONS
from tests.check.similar_faults import PLANTED_IN_SIMILAR_REQUESTS
from tests.check.socket_faults import PLANTED_IN_CONNECTIONS
from tests.check.start_faults import PLANTED_AT_STARTS
from tests.check.storing_faults import PLANTED_IN_STORING
from tests.check.stream_faults import PLANTED_IN_STREAMS
from tests.check.subscription_faults import PLANTED_IN_SUBSCRIPTIONS

PLANTED_IN_HTTP: Final[Mapping[str, Planted]] = {
    **PLANTED_IN_DOCUMENTS,
    **PLANTED_IN_STREAMS,
    **PLANTED_IN_SELECTIONS,
    **PLANTED_IN_REFUSALS,
    **PLANTED_IN_STORING,
    **PLANTED_AT_STARTS,
    **PLANTED_IN_PUBLISHING,
    **PLANTED_IN_ANSWERS,
    **PLANTED_AT_OPEN_STARTS,
    **PLANTED_IN_LIMITS,
    **PLANTED_IN_SIMILAR_REQUESTS,
}
PLANTED_IN_SOCKETS: Final[Mapping[str, Planted]] = {**PLANTED_IN_CONNECTIONS, **PLANTED_IN_SUBSCRIPTIONS}
# The checks of HTTP: those of WebSocket compare with event streams, which such a fault may change.
OF_HTTP: Final = [each.name for each in CHECKS if not each.name.startswith(("websocket-", "grpc-", "nodes-"))]
OF_SOCKETS: Final = [each.name for each in CHECKS if each.name.startswith("websocket-")]

# A fault that a check finds may be seen by these, too, because they read or publish in the same way.
RELATED: Final[Mapping[str, frozenset[str]]] = {
    "resume": frozenset({"empty-id", "first-id", "start-order", "foreign-id"}),  # they read after an id of the log
    "resume-open": frozenset({"first-id", "start-open"}),  # they resume streams that stay open
    "paging": frozenset({"empty-id", "start-order", "since", "both-filters", "page-size", "page-position", "counts"})
    | {"page-alone", "limit"},  # they compare pages with the stream
    "start-order": frozenset({"start-open"}),  # it names the same places
    "since": frozenset({"start-open"}),  # it names a time
    "page-position": frozenset({"page-alone"}),  # it compares pages with those at the other address
    "header-wins": frozenset({"start-open"}),  # it sends both ids
    "event-type-filter": frozenset({"both-filters"}),
    "order-filter": frozenset({"both-filters", "publish-version"}),
    "publish-batch": frozenset({"filter-open", "similar-orders", "publish-largest"}),  # they publish in one request
    "publish-invalid": frozenset({"publish-names", "publish-unknown"}),
    "publish-again": frozenset({"publish-same", "publish-remembered", "publish-largest"}),
    "publish-conflict": frozenset({"publish-other"}),
    "foreign-id": frozenset({"near-ids"}),
    "lost-page": frozenset({"near-ids", "page-alone"}),  # it asks for a lost page at the other address
}
