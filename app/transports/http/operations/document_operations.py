"""The operations that return the contract: the event types, their schemas, and the document in each of its forms."""

from __future__ import annotations

import time
from dataclasses import dataclass

from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp

from app.specification.contracts import Contracts
from app.specification.derived.protobuf.proto_text import write_proto
from app.specification.document import OpenApiDocument
from app.transports.http.compressed_bodies import Bodies
from app.transports.http.operations.cache_headers import IMMUTABLE, NO_STORE
from app.transports.http.requests.json_bodies import event_types


@dataclass(frozen=True)
class DocumentOperations:
    """The contract, as programs read it."""

    document: OpenApiDocument
    contracts: Contracts
    bodies: Bodies

    async def list_event_types(self) -> ASGIApp:
        return JSONResponse(event_types(self.contracts, time.time()), headers=NO_STORE)

    async def get_event_schema(self, event_type: str, version: str) -> Response:
        contract = self.contracts.get(event_type, version)
        return JSONResponse(contract.schema, headers=IMMUTABLE, media_type="application/schema+json")

    async def get_open_api_json(self, major_version: int | None = None) -> ASGIApp:
        return self.bodies.document(self.document.texts(major_version).json, NO_STORE, media_type="application/json")

    async def get_open_api_yaml(self, major_version: int | None = None) -> ASGIApp:
        return self.bodies.document(self.document.texts(major_version).yaml, NO_STORE, media_type="application/yaml")

    async def get_open_api32_json(self, major_version: int | None = None) -> ASGIApp:
        return self.bodies.document(
            self.document.texts(major_version).openapi_3_2, NO_STORE, media_type="application/json"
        )

    async def get_open_api_clients_json(self, major_version: int | None = None) -> ASGIApp:
        return self.bodies.document(
            self.document.texts(major_version).openapi_clients, NO_STORE, media_type="application/json"
        )

    async def get_async_api_json(self, major_version: int | None = None) -> ASGIApp:
        return self.bodies.document(
            self.document.texts(major_version).asyncapi, NO_STORE, media_type="application/json"
        )

    async def get_proto(self) -> Response:
        return Response(write_proto(self.document.proto), headers=NO_STORE, media_type="text/plain")
