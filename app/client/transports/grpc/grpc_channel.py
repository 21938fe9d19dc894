"""A connection for gRPC: its address, certificates, metadata and limits, and the request for the description of the messages."""

from __future__ import annotations

import ssl
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple, TypeAlias

import grpc
import httpx
from grpc_reflection.v1alpha.reflection_pb2 import ServerReflectionRequest, ServerReflectionResponse

from ...endpoint import Endpoint, uses_proxies, verify
from ...errors import UnexpectedAnswer
from ..event_source import MAX_EVENT_BYTES
from ..handshake import passed_on
from .described_messages import SERVICE, DescribedMessages

SUBSCRIBE: Final = f"/{SERVICE}/Subscribe"
PUBLISH: Final = f"/{SERVICE}/Publish"
# The package has v1alpha only. The messages of v1 are the same under another name.
REFLECT: Final = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"
REFLECT_REQUEST: Final = ServerReflectionRequest(file_containing_symbol=SERVICE).SerializeToString()

Metadata: TypeAlias = list[tuple[str, str]]

_PORTS: Final = {"grpc": 80, "grpcs": 443}  # as of http and https


class Target(NamedTuple):
    """How a connection is made. `credentials`: of TLS; None: without TLS.

    `connect_seconds`: within this time the server must have described its messages.
    """

    address: str
    credentials: grpc.ChannelCredentials | None
    options: list[tuple[str, Any]]
    connect_seconds: float


def target(endpoint: Endpoint, certificates: ssl.SSLContext | None) -> Target:
    """Return how to connect to a server.

    `certificates`: the certificates to trust; nothing else of the context counts. Raises ValueError if the context does not list them,
    because they are in a directory.
    """
    url = httpx.URL(endpoint.url)
    options = [
        ("grpc.use_local_subchannel_pool", 1),  # a connection of its own, whose failures do not delay other attempts
        ("grpc.enable_http_proxy", int(uses_proxies(endpoint.url))),
        ("grpc.max_receive_message_length", MAX_EVENT_BYTES),
        ("grpc.primary_user_agent", endpoint.agent),
    ]
    address = url.netloc.decode() if url.port else f"{url.netloc.decode()}:{_PORTS[url.scheme]}"
    return Target(address, _credentials(endpoint.url, certificates), options, endpoint.connect_seconds)


def call_metadata(
    endpoint: Endpoint, http: httpx.Client | httpx.AsyncClient, authorization: Mapping[str, str]
) -> Metadata:
    """Return what is sent with each call.

    `http`: its headers and cookies are sent, so that credentials count for every transport. `authorization`: the header of the access
    token.
    """
    as_http = f"http{endpoint.url.removeprefix('grpc')}"
    return [(name.lower(), value) for name, value in passed_on(http, as_http, authorization)]


def described(response: bytes) -> DescribedMessages:
    """Return the messages that a server describes. Raises UnexpectedAnswer if it does not have the service."""
    answer = ServerReflectionResponse.FromString(response)
    if answer.HasField("error_response"):
        raise UnexpectedAnswer(f"The server does not have {SERVICE}: {answer.error_response.error_message}.")
    return DescribedMessages(answer.file_descriptor_response.file_descriptor_proto)


def _credentials(url: str, certificates: ssl.SSLContext | None) -> grpc.ChannelCredentials | None:
    if not url.startswith("grpcs:"):
        return None
    context = verify(url, certificates)
    trusted = context.get_ca_certs(binary_form=True) if isinstance(context, ssl.SSLContext) else []
    if not trusted:
        raise ValueError("gRPC needs the certificates in a file, not in a directory: set SSL_CERT_FILE.")
    return grpc.ssl_channel_credentials(_pem(trusted))


def _pem(certificates: Iterable[bytes]) -> bytes:
    return "".join(map(ssl.DER_cert_to_PEM_cert, certificates)).encode()
