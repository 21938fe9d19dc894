"""Settings that do not fit together, or that are not safe together, stop the start with one line."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import pytest

from app.settings import NatsUrl, Settings, check_combinations

SECRET = Settings(
    jwt_secret_file=Path("secret"),
    algorithms=("HS256",),
    issuer="https://issuer.example",
    public_url="https://orders.example",
)
STREAM = Settings(store=NatsUrl(("nats://127.0.0.1:4222",), "orders", "cache.db", ("http://127.0.0.1:8222",)))
BY_TLS = Settings(store=NatsUrl(("tls://a.example",), "orders", "cache.db", ("http://127.0.0.1:8222",)))
UNMONITORED = Settings(store=NatsUrl(("nats://127.0.0.1:4222",), "orders", "cache.db"), accept_unsynced=True)
KEYS = replace(SECRET, jwt_secret_file=None, jwks="jwks.json", algorithms=("RS256", "ES256"))


@pytest.mark.parametrize(
    "settings",
    [
        Settings(),
        Settings(host="localhost"),
        Settings(host="127.1.2.3"),
        Settings(host="::1"),
        Settings(host="0.0.0.0", anonymous=True),  # noqa: S104  # nothing listens here
        SECRET,
        KEYS,
        replace(KEYS, host="::"),
        replace(KEYS, audience="orders"),
        STREAM,
        UNMONITORED,
        replace(BY_TLS, nats_ca=Path("ca.pem"), nats_creds=Path("node.creds"), store_single=True),
    ],
)
def test_settings_that_fit_are_accepted(settings: Settings) -> None:
    check_combinations(settings)


@pytest.mark.parametrize(
    ("settings", "changes", "reason"),
    [
        (Settings(), {"host": "0.0.0.0"}, "--anonymous"),  # noqa: S104  # nothing listens here
        (Settings(), {"host": "::"}, "--anonymous"),
        (Settings(), {"host": "orders.example"}, "--anonymous"),
        (Settings(), {"host": "localhost.example"}, "--anonymous"),
        (Settings(), {"issuer": "https://issuer.example"}, "--issuer needs keys"),
        (Settings(), {"audience": "orders", "algorithms": ("RS256",)}, "--audience, --algorithm needs keys"),
        (
            Settings(),
            {"nats_creds": Path("node.creds"), "store_single": True},
            "--nats-creds, --store-single needs --store",
        ),
        (
            Settings(),
            {"nats_ca": Path("ca.pem"), "accept_unsynced": True},
            "--nats-ca, --accept-unsynced needs --store",
        ),
        (STREAM, {"retain_events": 1}, "orders-events log init"),
        (STREAM, {"retain_seconds": 1.0}, "orders-events log init"),
        (STREAM, {"nats_ca": Path("ca.pem")}, "--nats-ca is for --store tls://"),
        (UNMONITORED, {"accept_unsynced": False}, "monitor=URL"),
        (KEYS, {"anonymous": True}, "--anonymous contradicts"),
        (KEYS, {"jwt_secret_file": Path("secret")}, "exclude each other"),
        (KEYS, {"algorithms": ()}, "need --algorithm"),
        (SECRET, {"algorithms": ()}, "need --algorithm"),
        (KEYS, {"algorithms": ("RS256", "HS256")}, "do not go together"),
        (KEYS, {"algorithms": ("HS256",)}, "for a secret"),
        (SECRET, {"algorithms": ("RS256",)}, "--jwt-secret-file needs --algorithm HS256"),
        (KEYS, {"issuer": None}, "need --issuer"),
        (KEYS, {"public_url": None}, "need --public-url"),
    ],
)
def test_settings_that_do_not_fit_are_refused_in_one_line(
    settings: Settings, changes: dict[str, Any], reason: str
) -> None:
    with pytest.raises(click.UsageError) as refused:
        check_combinations(replace(settings, **changes))

    assert reason in refused.value.message
    assert refused.value.message.isprintable()
    assert len(refused.value.message) < 300
