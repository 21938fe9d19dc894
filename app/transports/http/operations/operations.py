"""All operations of the contract, as one object: Connexion finds the method of each `operationId` in it."""

from __future__ import annotations

from dataclasses import dataclass

from app.transports.http.operations.count_operations import CountOperations
from app.transports.http.operations.document_operations import DocumentOperations
from app.transports.http.operations.health_operations import HealthOperations
from app.transports.http.operations.publish_operations import PublishOperations
from app.transports.http.operations.read_operations import ReadOperations
from app.transports.http.operations.session_operations import SessionOperations
from app.transports.http.operations.socket_operations import SocketOperations


@dataclass(frozen=True)
class Operations(
    ReadOperations,
    CountOperations,
    PublishOperations,
    SocketOperations,
    SessionOperations,
    DocumentOperations,
    HealthOperations,
):
    """The operations of the contract. Each group names the parts of the server that it calls; groups share those of the same name."""
