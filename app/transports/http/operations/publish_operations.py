"""The operation that publishes events."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from app.access.client import Client
from app.access.permitted_events import publishable_events
from app.access.publish_rate import PublishLimit
from app.events.log.event_log import EventLog
from app.events.publishing.publish import Publisher
from app.specification.document import OpenApiDocument
from app.specification.errors import Refusal
from app.specification.strict_json import JsonValue
from app.transports.http.deprecation_headers import DeprecatedVersions
from app.transports.http.operations.cache_headers import NO_STORE
from app.transports.http.requests.json_bodies import published_events, read_json
from app.transports.http.security import client_of


@dataclass(frozen=True)
class PublishOperations:
    """Publishing of one event, or of several at once."""

    document: OpenApiDocument
    deprecated_versions: DeprecatedVersions
    log: EventLog
    publisher: Publisher
    publish_limit: PublishLimit

    async def publish_order_events(self, request: Request) -> Response:
        client = client_of(request.scope)
        permitted = publishable_events(client.principal)
        submissions = await self._submissions(request, client)
        appended = await self.publisher.publish(submissions, permitted)
        ids = self.log.ids.of_published(appended, permitted)
        headers = {**NO_STORE, **self.deprecated_versions.headers(submissions)}
        return Response(published_events(appended, ids), 201, headers, media_type="application/json")

    async def _submissions(self, request: Request, client: Client) -> list[JsonValue]:
        """Return the events that a client publishes, after they were counted. A body that is refused is counted, too."""
        self.publish_limit.check(client)
        body = bytearray()
        try:
            submitted = await read_json(
                request, body, self.document.max_body_bytes, self.document.max_json_values, self.publisher.turnstile
            )
        except (Refusal, ClientDisconnect):
            self.publish_limit.count_refused(client, len(body))
            raise
        submissions: list[JsonValue] = submitted if isinstance(submitted, list) else [submitted]
        self.publish_limit.count(client, len(submissions), len(body))
        return submissions
