"""Combinations of settings that make no sense or are not safe, so that the server does not start with them."""

from __future__ import annotations

import click

from app.settings.address_types import is_loopback
from app.settings.settings import Settings
from app.settings.store_types import NatsUrl


def check_combinations(settings: Settings) -> None:
    """Check that the settings fit together. Raises click.UsageError with one line for the first that do not."""
    if settings.dev_token:
        rules = _rules_of_development(settings)
    else:
        rules = _rules_of_keys(settings) if settings.has_keys else _rules_without_keys(settings)
    for is_broken, message in (*rules, _rule_of_ports(settings), *_rules_of_store(settings)):
        if is_broken:
            raise click.UsageError(message)


def _rules_of_development(settings: Settings) -> list[tuple[bool, str]]:
    others = {
        "--jwks": settings.jwks,
        "--jwt-secret-file": settings.jwt_secret_file,
        "--issuer": settings.issuer,
        "--audience": settings.audience,
        "--algorithm": settings.algorithms,
        "--anonymous": settings.anonymous,
    }
    given = [flag for flag, value in others.items() if value]
    return [
        (bool(given), f"--dev-token makes keys of its own, and does not go together with {', '.join(given)}."),
        (
            not is_loopback(settings.host),
            f"--dev-token is for this machine alone, and on --host {settings.host} other machines can reach the server.",
        ),
    ]


def _rule_of_ports(settings: Settings) -> tuple[bool, str]:
    ports = [settings.port, settings.grpc_port, *(port for _, port in settings.observe)]
    fixed = [port for port in ports if port]
    return len({*fixed}) < len(fixed), "--port, --grpc-port and --observe need ports that differ from each other."


def _rules_of_store(settings: Settings) -> list[tuple[bool, str]]:
    if isinstance(settings.store, NatsUrl):
        return _rules_of_stream(settings, settings.store)
    about_streams = {
        "--nats-creds": settings.nats_creds,
        "--nats-ca": settings.nats_ca,
        "--accept-unsynced": settings.accept_unsynced,
        "--store-single": settings.store_single,
    }
    given = [flag for flag, value in about_streams.items() if value]
    return [(bool(given), f"{', '.join(given)} needs --store nats://HOST:PORT/STREAM or tls://HOST:PORT/STREAM.")]


def _rules_of_stream(settings: Settings, store: NatsUrl) -> list[tuple[bool, str]]:
    about_retention = {"--retain-events": settings.retain_events, "--retain-seconds": settings.retain_seconds}
    given = [flag for flag, value in about_retention.items() if value]
    return [
        (
            bool(given),
            f"{', '.join(given)} does not go together with --store {store}: `orders-events log init` sets how long the stream retains.",
        ),
        (
            settings.nats_ca is not None and not store.uses_tls,
            "--nats-ca is for --store tls://HOST:PORT/STREAM; a connection to nats:// needs no certificate.",
        ),
        (
            not (store.monitors or settings.accept_unsynced),
            f"--store {store} needs ?monitor=URL, which shows that NATS syncs each event to disk, or --accept-unsynced.",
        ),
    ]


def _rules_of_keys(settings: Settings) -> list[tuple[bool, str]]:
    by_secret = {name.startswith("HS") for name in settings.algorithms}
    return [
        (
            settings.anonymous,
            "--anonymous contradicts --jwks and --jwt-secret-file, which require a token of every client.",
        ),
        (
            settings.jwks is not None and settings.jwt_secret_file is not None,
            "--jwks and --jwt-secret-file exclude each other: tokens are signed either with keys or with a secret.",
        ),
        (
            not settings.algorithms,
            "Access tokens need --algorithm: name what they are signed by, such as RS256 or HS256.",
        ),
        (
            by_secret == {True, False},
            "--algorithm HS256 and the like do not go together with others: a public key could then be used as a secret.",
        ),
        (
            by_secret == {True} and settings.jwks is not None,
            f"--algorithm {' '.join(settings.algorithms)} is for a secret; the keys of --jwks need another one, such as RS256.",
        ),
        (
            by_secret == {False} and settings.jwt_secret_file is not None,
            "--jwt-secret-file needs --algorithm HS256, HS384 or HS512.",
        ),
        (settings.issuer is None, "Access tokens need --issuer: the claim iss that every token must have."),
        (settings.public_url is None, "Access tokens need --public-url: it names this server in documents and tokens."),
    ]


def _rules_without_keys(settings: Settings) -> list[tuple[bool, str]]:
    about_tokens = {"--issuer": settings.issuer, "--audience": settings.audience, "--algorithm": settings.algorithms}
    given = [flag for flag, value in about_tokens.items() if value]
    return [
        (
            bool(given),
            f"{', '.join(given)} needs keys: --jwks or --jwt-secret-file. Without keys no token is required.",
        ),
        (
            not (settings.anonymous or is_loopback(settings.host)),
            (
                f"On --host {settings.host}, other machines can reach the server, and without keys they may read and publish "
                "everything. Give keys (--jwks or --jwt-secret-file), or allow that with --anonymous."
            ),
        ),
    ]
