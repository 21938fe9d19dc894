"""The settings of the server. The flags of `serve`, the environment variables, the help and the documentation are derived from them.

Each field of the class `Settings` is one setting, with its type, its default and its help. To add a setting, add a field.
"""

# ruff: noqa: RUF009  # `setting`, `optional`, `repeated` and `flag` return dataclass fields, which make their defaults for each instance

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from difflib import get_close_matches
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import click

from app.access.publish_rate import PublishRate
from app.diagnostics.diagnostic_log import LEVELS
from app.settings.address_types import Host, HostName, ListenAddress, Network, Origin, PublicUrl
from app.settings.setting import VARIABLE_PREFIX, Setting, SettingRow, flag, optional, repeated, setting
from app.settings.setting_types import (
    FILE,
    ContractFolder,
    EventsAndBytes,
    Milliseconds,
    Number,
    Source,
    SourceSpec,
    WholeNumber,
)
from app.settings.store_types import NatsUrl, Store, StoreUrl
from app.settings.token_types import ALGORITHM, Identifier, KeySetPlace

# Read by publish, tail and check; may be set in the environment of a server.
CLIENT_VARIABLES: Final = ("ORDERS_EVENTS_URL", "ORDERS_EVENTS_TOKEN")

_APP: Final = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of one server. `Settings()` has the default values."""

    # fmt: off
    host: str = setting("--host", Host(), "HOST", "127.0.0.1", "Listen on this address; :: stands for every address, of IPv6 and IPv4.")
    port: int = setting(
        "--port", WholeNumber(0, 65_535), "PORT", "8000", "Listen on this port; 0 takes a free one.")
    grpc_port: int | None = optional(
        "--grpc-port", WholeNumber(0, 65_535), "PORT",
        "Serve gRPC on this port, too; 0 takes a free one. Needs orders-events[grpc]. Not given: no gRPC.")
    public_url: str | None = optional(
        "--public-url", PublicUrl(), "URL",
        "The URL under which clients reach the server, such as https://example.com/orders: the documents and pages show it, and requests "
        "for its host are answered. Not given: the address in each request.")
    host_names: tuple[str, ...] = repeated(
        "--host-name", HostName(), "NAME",
        "Answer requests for this host, too. May be repeated; in the variable, separate names by spaces. Always answered: IP addresses, "
        "localhost, and the hosts of --host and --public-url; any other is refused with 421.")
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = repeated(
        "--trusted-proxy", Network(), "ADDRESS[/BITS]",
        "Believe the proxies at this address, or in this network, which client a request comes from (X-Forwarded-For, Forwarded). May be "
        "repeated; in the variable, separate addresses by spaces.")
    # A file by default, because the server promises that an acknowledged event is on disk.
    store: StoreUrl | NatsUrl = setting(
        "--store", Store(), "URL", "sqlite:orders-events.db",
        "Keep the log in an SQLite file (sqlite:PATH), in memory until the server stops (memory:), or in a stream of NATS JetStream that "
        "several servers share (nats://HOST:PORT/STREAM, or tls://). After a ? may follow cache=PATH, the file of this server's copy, and "
        "monitor=URL, the monitoring port of NATS.")
    nats_creds: Path | None = optional(
        "--nats-creds", FILE, "FILE", "Sign in to NATS with the credentials in this file, as `nsc` writes them.")
    nats_ca: Path | None = optional(
        "--nats-ca", FILE, "FILE", "Trust the certificates in this file (PEM) for NATS at tls://. Not given: the public ones.")
    accept_unsynced: bool = flag(
        "--accept-unsynced", "Use a stream although it is not known that its servers write each event to disk before they acknowledge it; "
        "a power cut can then lose acknowledged events.")
    store_single: bool = flag(
        "--store-single", "Use a stream of fewer than 3 replicas; if its server is lost, so are the events.")
    source: SourceSpec = setting(
        "--source", Source(), "SOURCE", "none",
        "Publish from within: nothing (none), RATE simulated events a second, else 3 (simulator[:RATE]), or the events of "
        "an NDJSON file in the order of their times (replay:FILE).")
    replay_speed: float = setting(
        "--replay-speed", Number(1e9), "FACTOR", "1", "Let this many recorded seconds pass in one second of a replay.")
    seed: int | None = optional(
        "--seed", WholeNumber(0, 2**63 - 1), "N",
        "Simulate the same events at the same simulated times whenever this seed and RATE are given.")
    retain_events: int | None = optional(
        "--retain-events", WholeNumber(1, 10**15), "N",
        "Keep the newest N events and delete older ones. Not given: no limit in a file, 100000 in memory.")
    retain_seconds: float | None = optional(
        "--retain-seconds", Number(1e9), "S",
        "Delete events that were stored more than S seconds ago; those of an earlier run not before the server has run for S "
        "seconds or 10 minutes, whichever is less, so that a wrong clock can be set. Not given: no limit.")
    # At most 30, because nginx closes a stream after 60 s without a byte, and our own `tail` after 45 s.
    heartbeat_seconds: float = setting(
        "--heartbeat-seconds", Number(30), "S", "15", "Let no stream be silent for longer than S seconds.")
    retry_ms: tuple[int, int] = setting(
        "--retry-ms", Milliseconds(), "MS[-MS]", "2000-5000",
        "Make clients wait this long before they reconnect; of a range, each stream gets a random time.")
    max_stream_age_seconds: float | None = optional(
        "--max-stream-age-seconds", Number(1e9), "S",
        "End each stream after S seconds, or up to a fifth less, so that its client reconnects, to another server if there are several "
        "behind a proxy. Not given: no limit.")
    compression: str = setting(
        "--compression", click.Choice(("gzip", "off")), "gzip|off", "gzip",
        "Compress responses for clients that accept gzip, and WebSocket messages for those that offer permessage-deflate; off never "
        "compresses, for a proxy that does.")
    max_body_bytes: int | None = optional(
        "--max-body-bytes", WholeNumber(16_384, 2**31), "N",
        "Refuse requests to publish whose body is larger than N bytes. Not given: the limit of the contract, above which N cannot be.")
    cors_origins: tuple[str, ...] = repeated(
        "--cors-origin", Origin(), "ORIGIN",
        "Let web pages of this origin read, publish and import the client. May be repeated; in the variable, separate origins by spaces.")
    jwks: str | None = optional(
        "--jwks", KeySetPlace(), "FILE|URL",
        "Require access tokens that were signed with a key of this JWK Set, a file or an https URL; it is read again when it changes.")
    jwt_secret_file: Path | None = optional(
        "--jwt-secret-file", FILE, "FILE", "Require access tokens that were signed with the secret in this file, of 32 bytes or more.")
    issuer: str | None = optional("--issuer", Identifier(), "ISSUER", "The issuer of access tokens, their claim iss.")
    audience: str | None = optional(
        "--audience", Identifier(), "AUDIENCE", "The claim aud of access tokens, which names this server. Not given: the public URL.")
    algorithms: tuple[str, ...] = repeated(
        "--algorithm", ALGORITHM, "ALGORITHM",
        "Accept access tokens that were signed by this algorithm, such as RS256, ES256, Ed25519, or HS256 with a secret. May be "
        "repeated; in the variable, separate algorithms by spaces.")
    dev_token: bool = flag(
        "--dev-token", "For development on this machine: require access tokens that are signed with keys of this run, and print one, with "
        "a link by which a browser signs in.")
    anonymous: bool = flag(
        "--anonymous", "Allow every client to read and publish without a token, although other machines can reach the server.")
    max_streams: int | None = optional(
        "--max-streams", WholeNumber(1, 10**9), "N",
        "Have at most N open streams: event streams, WebSocket connections, gRPC subscriptions and waiting pages. Not given: as many as "
        "the process may open files, less 128.")
    max_streams_per_principal: int | None = optional(
        "--max-streams-per-principal", WholeNumber(1, 10**9), "N",
        "Have at most N open streams for each subject of access tokens. Not given: no limit.")
    max_streams_per_address: int | None = optional(
        "--max-streams-per-address", WholeNumber(1, 10**9), "N",
        "Have at most N open streams for each IPv4 address and each IPv6 network /64; this machine and trusted proxies are not counted. "
        "Not given: no limit.")
    publish_rate: PublishRate | None = optional(
        "--publish-rate", EventsAndBytes(), "EVENTS[:BYTES]",
        "Let each subject of access tokens, or each address if there are no tokens, publish this many events, and bytes, in a second. "
        "Not given: no limit.")
    log_format: str = setting(
        "--log-format", click.Choice(("text", "json")), "text|json", "text",
        "Write the lines of the server's own log, on standard error, as text or as JSON objects.")
    log_level: str = setting(
        "--log-level", click.Choice(LEVELS), "LEVEL", "info",
        "Leave out lines of the server's own log that are less severe: debug (with each publish request), info, warning or error.")
    observe: tuple[tuple[str, int], ...] = repeated(
        "--observe", ListenAddress(), "HOST:PORT",
        "Serve /metrics and /health on this address, too, where they need no token. May be repeated; in the variable, separate addresses "
        "by spaces.")
    otlp_endpoint: str | None = optional(
        "--otlp-endpoint", PublicUrl(), "URL",
        "Send traces of publishing and delivery to this collector (OpenTelemetry, OTLP over HTTP), such as http://127.0.0.1:4318. Needs "
        "orders-events[otel]. Not given: no traces.")
    access_log: str = setting(
        "--access-log", click.Choice(("on", "off")), "on|off", "off",
        "Write a line for each HTTP request: method, path without the query, status, seconds, client and request id.")
    contract: Path | None = optional(
        "--contract", ContractFolder(), "DIR",
        "Serve the contract in this folder (openapi/ and contracts/). Not given: the built-in one.")
    # fmt: on

    @property
    def served_hosts(self) -> frozenset[str]:
        """The host names, in lower case, that the settings name as those of this server; IP addresses may be among them."""
        public_host = urlsplit(self.public_url or "").hostname or ""
        return frozenset({self.host.lower(), public_host, *self.host_names})

    @property
    def page_origins(self) -> frozenset[str]:
        """The origins of web pages that the settings allow: those of other sites, and the server's own public one."""
        own = ["/".join(self.public_url.split("/")[:3])] if self.public_url else []
        return frozenset({*self.cors_origins, *own})

    @property
    def has_keys(self) -> bool:
        """Whether clients need access tokens."""
        return self.jwks is not None or self.jwt_secret_file is not None or self.dev_token

    @property
    def contract_root(self) -> Path:
        """The folder that contains `openapi/` and `contracts/`: the setting `contract`, else the copy in the wheel, else the repository."""
        if self.contract is not None:
            return self.contract
        packaged = _APP / "contract"
        return packaged if packaged.is_dir() else _APP.parent


SETTINGS: Final[Mapping[str, Setting]] = {each.name: each.metadata["new"](each.name) for each in fields(Settings)}
"""A mapping from the names of the fields of `Settings` to the settings."""


def documented() -> list[SettingRow]:
    """Return all settings as rows of a table in the documentation."""
    return [SettingRow(each.flag, each.variable, str(each.default or ""), str(each.help)) for each in SETTINGS.values()]


def check_variables(environment: Mapping[str, str]) -> None:
    """Check that every environment variable ORDERS_EVENTS_* belongs to a setting. Raises click.UsageError for one that does not."""
    known = {each.variable.removeprefix(VARIABLE_PREFIX): each.variable for each in SETTINGS.values()}
    for variable in environment:
        name = variable.removeprefix(VARIABLE_PREFIX)
        if name == variable or name in known or variable in CLIENT_VARIABLES:
            continue
        close = get_close_matches(name.upper(), known, n=1)
        hint = f"did you mean {known[close[0]]}?" if close else "`orders-events serve --help` lists the settings."
        raise click.UsageError(f"{variable} is not a setting; {hint}")
