"""The composition root: the only module that knows every part of the service. It creates the parts and connects them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.types import ASGIApp

from app.access.admission import Admission
from app.access.forwarded import TrustedProxies
from app.access.principal import Principal
from app.access.publish_rate import PublishLimit
from app.access.reconnection import Reconnection
from app.access.tokens.authentication import Authentication
from app.background import in_background
from app.configured import (
    create_development_access,
    create_store,
    open_authentication,
    promises_in_force,
    stream_limits,
)
from app.events.delivery.fan_out import FanOut
from app.events.log.event_log import EventLog
from app.events.publishing.publish import Publisher
from app.metrics.exposition import Metrics
from app.metrics.tally import Tally
from app.pages import SettingDocs, with_pages
from app.server.connection_counts import ConnectionCounts
from app.settings import Settings, documented
from app.specification.contracts import Contracts, load_contracts
from app.specification.deprecated_majors import DeprecatedMajors
from app.specification.document import OpenApiDocument, load_document
from app.specification.openapi.deployment import Deployment
from app.specification.openapi.statements.operation_security import read_security
from app.specification.schema.schema import compile_schema
from app.tracing.tracing import Tracing, open_tracing
from app.transports.http.application import create_application, with_problems
from app.transports.http.compressed_bodies import Bodies
from app.transports.http.deprecation_headers import DeprecatedVersions
from app.transports.http.middleware.behind_proxies import behind_proxies
from app.transports.http.middleware.cross_origin import allow_origins
from app.transports.http.middleware.served_hosts import only_for_hosts
from app.transports.http.observing.access_log import with_access_log
from app.transports.http.observing.observation import create_observation
from app.transports.http.operations.operations import Operations
from app.transports.http.problem_responses import SLUGS, Problems
from app.transports.http.sessions.one_time_code import accept_codes
from app.transports.http.sessions.resource_metadata import challenge
from app.transports.http.streaming.response import EventStreams
from app.transports.http.waiting import Waits
from app.transports.websocket.sockets import Sockets

if TYPE_CHECKING:
    from app.access.development import DevelopmentAccess  # imported for --dev-token only


@dataclass(frozen=True)
class Service:
    """The whole service without a socket: the ASGI applications that handle requests, and the parts that they consist of.

    `application`: for clients. `observation`: health and metrics, for operators.
    """

    application: ASGIApp
    observation: ASGIApp
    document: OpenApiDocument
    contracts: Contracts
    deprecated: DeprecatedMajors
    publisher: Publisher
    log: EventLog
    fan_out: FanOut
    sockets: Sockets
    waits: Waits
    tally: Tally
    connections: ConnectionCounts
    authentication: Authentication
    development: DevelopmentAccess | None
    admission: Admission
    proxies: TrustedProxies
    publish_limit: PublishLimit
    reconnection: Reconnection
    tracing: Tracing

    def revoke(self) -> None:
        """End the streams, connections and waits whose access tokens were signed with a key that is no longer accepted."""
        accepts = self.authentication.accepts_key_of
        self.fan_out.revoke(lambda lease: not isinstance(lease, Principal) or accepts(lease))
        self.sockets.revoke(accepts)
        self.waits.revoke(accepts)

    async def drain(self) -> None:
        """End every stream, and return when all streams have ended."""
        self.reconnection.spread(self.admission.open_streams)
        self.fan_out.drain()
        await asyncio.gather(self.fan_out.ended(), self.sockets.drain())


@asynccontextmanager
async def open_service(settings: Settings) -> AsyncIterator[Service]:
    """Load the contract, open the log of events, and create the service; on leaving the context, close the log.

    Raises StartupError if the contract is not valid, the log cannot be opened, or the keys of access tokens cannot be read.
    """
    development = create_development_access() if settings.dev_token else None
    async with (
        open_authentication(settings, development) as authentication,
        _open_parts(settings, authentication, development) as service,
    ):
        authentication.on_keys_changed(service.revoke)
        yield service


@asynccontextmanager
async def _open_parts(
    settings: Settings, authentication: Authentication, development: DevelopmentAccess | None
) -> AsyncIterator[Service]:
    contracts = load_contracts(settings.contract_root / "contracts")
    deployment = Deployment(
        settings.public_url, settings.max_body_bytes, has_keys=settings.has_keys, promises=promises_in_force(settings)
    )
    document = load_document(settings.contract_root, contracts, SLUGS, deployment)
    tracing = open_tracing(settings.otlp_endpoint)
    store, shared_log = create_store(settings, contracts)
    log = tracing.log(store)
    fan_out = FanOut(log, settings.heartbeat_seconds, settings.max_stream_age_seconds, tracing.make_group)
    tally = Tally()
    connections = ConnectionCounts()
    admission = Admission(stream_limits(settings), tally)
    publish_limit = PublishLimit(settings.publish_rate)
    reconnection = Reconnection(settings.retry_ms)
    envelopes = {
        event_type: compile_schema(schema, f"The envelope of {event_type}")
        for event_type, schema in document.envelopes.items()
    }
    publisher = Publisher(log, contracts, envelopes, batch_maximum=document.batch_maximum)
    deprecated = DeprecatedMajors(contracts)
    compress = settings.compression == "gzip"
    bodies = Bodies(compress=compress)
    problems = Problems(document, bodies, tally, challenge(settings.public_url))
    sockets = Sockets(
        document.socket,
        contracts,
        deprecated=deprecated,
        authentication=authentication,
        admission=admission,
        publish_limit=publish_limit,
        log=log,
        fan_out=fan_out,
        publisher=publisher,
        problem=problems.members,
        tally=tally,
        publish_bytes=document.max_body_bytes,
        json_values=document.max_json_values,
        compress=compress,
    )
    waits = Waits(admission)
    operations = Operations(
        document=document,
        contracts=contracts,
        deprecated=deprecated,
        deprecated_versions=DeprecatedVersions(contracts),
        log=log,
        publisher=publisher,
        admission=admission,
        waits=waits,
        publish_limit=publish_limit,
        bodies=bodies,
        streams=EventStreams(fan_out, admission, reconnection, compress=compress),
        sockets=sockets,
        socket_origins=settings.page_origins,
        metrics=Metrics(
            log,
            publisher,
            fan_out,
            tally=tally,
            connections=connections,
            tokens=authentication,
            shared_log=shared_log,
        ),
        public_url=settings.public_url,
        issuer=settings.issuer if development is None else development.name,
    )
    security = read_security(document.bundled) if settings.has_keys else {}
    application = create_application(operations, problems, authentication, security, tally)
    if development is not None:
        application = accept_codes(application, development.redeem)
    setting_docs = [SettingDocs(*row) for row in documented()]
    application = with_pages(
        application,
        document,
        contracts,
        settings.contract_root,
        setting_docs,
        public_url=settings.public_url,
        compress=compress,
    )
    application = allow_origins(application, settings.cors_origins)
    application = only_for_hosts(application, settings.served_hosts, problems.render)
    observation = with_problems(create_observation(operations), problems)
    observation = only_for_hosts(observation, settings.served_hosts, problems.render)
    application = tracing.application(application)
    if settings.access_log == "on":
        application = with_access_log(application)
    proxies = TrustedProxies(settings.trusted_proxies)
    if settings.trusted_proxies:
        application = behind_proxies(application, proxies)
    await log.open()
    try:
        async with in_background("The heartbeat", fan_out.run()):
            yield Service(
                application=application,
                observation=observation,
                document=document,
                contracts=contracts,
                deprecated=deprecated,
                publisher=publisher,
                log=log,
                fan_out=fan_out,
                sockets=sockets,
                waits=waits,
                tally=tally,
                connections=connections,
                authentication=authentication,
                development=development,
                admission=admission,
                proxies=proxies,
                publish_limit=publish_limit,
                reconnection=reconnection,
                tracing=tracing,
            )
    finally:
        await log.close()
        await asyncio.to_thread(tracing.close)
